package io.relayminer.miner;

import static io.relayminer.miner.RedisCommands.utf8;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.util.List;

/** Who owns which supplier, and for how long. */
@Command(
        name = "lease",
        description = "Owner, epoch and remaining life of supplier leases.",
        mixinStandardHelpOptions = true)
final class LeaseCommand extends LookCommand {

    @Option(names = "--supplier", defaultValue = "")
    private String supplier = "";

    @Override
    void at(RedisCommands.Session s) {
        List<String> suppliers =
                supplier.isEmpty()
                        ? s.members(s.keys().supplierRegistryIndex())
                        : List.of(supplier);
        s.out().printf("%-46s %-36s %8s %10s%n", "SUPPLIER", "OWNER", "EPOCH", "TTL MS");
        for (String each : suppliers) {
            String owner = s.text(s.keys().lease(each));
            s.out()
                    .printf(
                            "%-46s %-36s %8s %10d%n",
                            each,
                            owner.isEmpty() ? "-" : owner,
                            s.text(s.keys().leaseEpoch(each)),
                            s.redis().pttl(utf8(s.keys().lease(each))));
        }
    }
}
