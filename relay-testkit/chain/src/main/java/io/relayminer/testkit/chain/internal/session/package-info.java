/** Which suppliers serve which application: the draw of a session. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.session;
