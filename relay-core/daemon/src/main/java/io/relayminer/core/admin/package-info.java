/** The plain HTTP server of both daemons for health, readiness and metrics. */
@org.jspecify.annotations.NullMarked
package io.relayminer.core.admin;
