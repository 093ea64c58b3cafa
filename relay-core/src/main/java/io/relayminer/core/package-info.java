/** The relay pipeline, the chain client and the claim lifecycle, one package for each concern. */
@org.jspecify.annotations.NullMarked
package io.relayminer.core;
