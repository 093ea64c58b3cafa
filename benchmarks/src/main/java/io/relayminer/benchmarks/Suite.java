package io.relayminer.benchmarks;

import java.util.List;

/** A set of figures that are measured together. */
public interface Suite {

    /**
     * Measures.
     *
     * @param quick whether to end within two minutes at the price of wider errors
     * @return the figures in the order they are to be printed
     * @throws Exception if something could not be measured
     */
    List<Figure> run(boolean quick) throws Exception;
}
