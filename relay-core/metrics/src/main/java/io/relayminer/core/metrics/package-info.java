/**
 * What every process of the fleet counts, whatever its part: its build, its runtime, and its
 * questions to the chain. Names and labels are those that dashboards of this protocol use.
 */
@NullMarked
package io.relayminer.core.metrics;

import org.jspecify.annotations.NullMarked;
