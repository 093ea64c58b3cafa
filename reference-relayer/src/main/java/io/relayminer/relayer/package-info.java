/** The relayer daemon: it reads the configuration and wires the parts. */
@org.jspecify.annotations.NullMarked
package io.relayminer.relayer;
