/**
 * The arithmetic of sessions that every party has to agree on: which blocks form a session, who
 * serves it, when it is claimed and proved, whether a proof is required, and what the work is
 * worth.
 *
 * <p>Everything in here is a pure function of chain data that the caller provides. Which height the
 * data has to be taken at is part of the rules and stated at each method; parameters from another
 * height give another, wrong answer without any sign of it.
 */
@NullMarked
package io.relayminer.core.session;

import org.jspecify.annotations.NullMarked;
