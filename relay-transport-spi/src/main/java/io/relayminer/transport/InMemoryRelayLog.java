package io.relayminer.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A relay log in the memory of one process, for tests and for embedding relayer and miner in one
 * JVM where losing the log with the process is acceptable. It keeps the whole contract of {@link
 * RelayLog}, takeover by a second reader included.
 */
public final class InMemoryRelayLog implements RelayLog {

    private final Map<String, Log> logs = new ConcurrentHashMap<>();

    private Log log(String supplier) {
        return logs.computeIfAbsent(supplier, s -> new Log());
    }

    @Override
    public CompletionStage<String> append(MinedRelay relay) {
        String problem = relay.incomplete();
        if (problem != null) {
            return CompletableFuture.failedFuture(new RelayLogException.Refused(problem));
        }
        return CompletableFuture.completedFuture(log(relay.supplier()).append(relay));
    }

    @Override
    public RelayLogReader open(String supplier) {
        return new Reader(log(supplier));
    }

    /** Entries set aside by readers of a supplier, with their reasons, oldest first. */
    public List<String> setAside(String supplier) {
        Log log = log(supplier);
        log.lock.lock();
        try {
            return List.copyOf(log.aside);
        } finally {
            log.lock.unlock();
        }
    }

    @Override
    public void close() {}

    private static final class Log {
        final ReentrantLock lock = new ReentrantLock();
        final Condition changed = lock.newCondition();
        final TreeMap<Long, MinedRelay> entries = new TreeMap<>();
        final Set<Long> delivered = new HashSet<>();
        final List<String> aside = new ArrayList<>();
        long last;
        int generation;

        String append(MinedRelay relay) {
            lock.lock();
            try {
                entries.put(++last, relay);
                changed.signalAll();
                return Long.toString(last);
            } finally {
                lock.unlock();
            }
        }
    }

    private static final class Reader implements RelayLogReader {
        private final Log log;
        private final int generation;
        private long next = 1;
        private boolean closed;

        Reader(Log log) {
            this.log = log;
            log.lock.lock();
            try {
                generation = ++log.generation;
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public List<RelayLogEntry> poll(int max, Duration wait) throws InterruptedException {
            long nanos = wait.toNanos();
            log.lock.lockInterruptibly();
            try {
                while (true) {
                    if (closed || generation != log.generation) {
                        throw new RelayLogException.Closed("the reader is closed");
                    }
                    List<RelayLogEntry> batch = new ArrayList<>();
                    for (Map.Entry<Long, MinedRelay> entry : log.entries.tailMap(next).entrySet()) {
                        if (batch.size() == max) {
                            break;
                        }
                        boolean again = !log.delivered.add(entry.getKey());
                        batch.add(
                                new RelayLogEntry(
                                        Long.toString(entry.getKey()),
                                        entry.getValue(),
                                        "",
                                        again));
                        next = entry.getKey() + 1;
                    }
                    if (!batch.isEmpty() || nanos <= 0) {
                        return batch;
                    }
                    nanos = log.changed.awaitNanos(Math.min(nanos, TimeUnit.SECONDS.toNanos(60)));
                }
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public void acknowledge(Collection<String> ids) {
            log.lock.lock();
            try {
                for (String id : ids) {
                    Long key = Long.valueOf(id);
                    log.entries.remove(key);
                    log.delivered.remove(key);
                }
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public void setAside(RelayLogEntry entry, String reason) {
            log.lock.lock();
            try {
                log.aside.add(entry.id() + ": " + reason);
            } finally {
                log.lock.unlock();
            }
            acknowledge(List.of(entry.id()));
        }

        @Override
        public String lastId() {
            log.lock.lock();
            try {
                return log.last == 0 ? "" : Long.toString(log.last);
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public boolean drainedTo(String id) {
            if (id.isEmpty()) {
                return true;
            }
            log.lock.lock();
            try {
                return log.entries.isEmpty() || log.entries.firstKey() > Long.parseLong(id);
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public long size() {
            log.lock.lock();
            try {
                return log.entries.size();
            } finally {
                log.lock.unlock();
            }
        }

        @Override
        public void close() {
            log.lock.lock();
            try {
                closed = true;
                log.changed.signalAll();
            } finally {
                log.lock.unlock();
            }
        }
    }
}
