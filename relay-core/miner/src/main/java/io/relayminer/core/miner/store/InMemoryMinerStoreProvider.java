package io.relayminer.core.miner.store;

/** Makes stores of type {@code memory}, each empty and of its own; there are no settings. */
public final class InMemoryMinerStoreProvider implements MinerStoreProvider {

    /** For the search of the class path. */
    public InMemoryMinerStoreProvider() {}

    @Override
    public String type() {
        return "memory";
    }

    @Override
    public MinerStore create(MinerStoreContext context) {
        return new InMemoryMinerStore(context.time());
    }
}
