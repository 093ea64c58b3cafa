/**
 * Transactions as bytes: building, signing, hashing and reading them, gas and fee arithmetic, and
 * the expiry of unordered transactions. No network is involved here.
 */
@NullMarked
package io.relayminer.core.tx;

import org.jspecify.annotations.NullMarked;
