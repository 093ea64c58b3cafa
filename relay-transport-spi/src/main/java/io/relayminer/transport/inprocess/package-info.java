/**
 * A transport and a backend without sockets, for tests of pipelines and plugins: what goes in and
 * comes out are plain method calls.
 */
@NullMarked
package io.relayminer.transport.inprocess;

import org.jspecify.annotations.NullMarked;
