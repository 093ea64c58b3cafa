/**
 * Backend nodes for tests: a JSON-RPC node that answers at once, and misbehaves on request, and a
 * proxy that misbehaves on the level of connections.
 */
@NullMarked
package io.relayminer.testkit.backend;

import org.jspecify.annotations.NullMarked;
