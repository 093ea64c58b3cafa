/**
 * Where supplier keys come from: inline, a file, a directory, a Cosmos key ring, or a source of the
 * user's own, found by name. The ring of all keys is reloaded while running; it reports which
 * suppliers came and went.
 *
 * <p>Nothing in here prints a key. An address is always derived from its key; where a source names
 * an address too, the two have to agree.
 */
@NullMarked
package io.relayminer.core.key;

import org.jspecify.annotations.NullMarked;
