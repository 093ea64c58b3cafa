/**
 * The path of one relay through the relayer, independent of the transport it arrived on.
 *
 * <p>{@code RelayPipeline} is the room's table of contents: decode, admit, verify, meter, forward,
 * sign, mine, record, reply. Everything else here is one of those steps.
 */
@NullMarked
package io.relayminer.core.relay;

import org.jspecify.annotations.NullMarked;
