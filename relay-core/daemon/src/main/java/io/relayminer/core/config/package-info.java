/**
 * How a daemon's YAML becomes records: strict keys with suggestions, environment and file
 * references for secrets, aliases of older layouts, a masked print-out and the generated reference
 * pages.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.core.config;
