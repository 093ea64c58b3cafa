/** Keys that sign for suppliers, and the sources they come from. */
@NullMarked
package io.relayminer.key;

import org.jspecify.annotations.NullMarked;
