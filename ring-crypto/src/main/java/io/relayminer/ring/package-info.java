/** Ring signatures, keys and addresses of the Pocket protocol. */
@org.jspecify.annotations.NullMarked
package io.relayminer.ring;
