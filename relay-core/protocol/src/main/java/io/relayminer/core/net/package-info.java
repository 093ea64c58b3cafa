/** Addresses of other machines as people write them in configurations. */
@NullMarked
package io.relayminer.core.net;

import org.jspecify.annotations.NullMarked;
