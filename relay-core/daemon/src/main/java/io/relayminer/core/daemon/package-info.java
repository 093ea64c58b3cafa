/**
 * What the command lines of both daemons have in common: where the configuration is, checking and
 * printing it, log output, the version.
 *
 * <p>The only package of this module that uses picocli and Logback. Both are optional dependencies:
 * an application that embeds the other packages gets neither.
 */
@NullMarked
package io.relayminer.core.daemon;

import org.jspecify.annotations.NullMarked;
