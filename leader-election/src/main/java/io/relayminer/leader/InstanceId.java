package io.relayminer.leader;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** Names a process start. */
public final class InstanceId {

    private InstanceId() {}

    /**
     * A name that no other process has or had, on this host or another, not even the same container
     * after a restart with the same host name and process id. Hence a lease that bears it was taken
     * by this very process. The form is {@code <host>-<pid>x<8 hex digits>}: tools of other miners
     * find the host by cutting the last dash and what follows.
     *
     * @param host name of the host or pod; characters other than letters, digits, dots and dashes
     *     are replaced by dashes
     * @param pid process id
     * @param random source of the 32 random bits; must differ between starts
     * @return the name
     */
    public static String create(String host, long pid, RandomGenerator random) {
        String cleaned = host.isBlank() ? "host" : host.replaceAll("[^A-Za-z0-9.-]", "-");
        return String.format(Locale.ROOT, "%s-%dx%08x", cleaned, pid, random.nextInt());
    }

    /**
     * A name for an instance in this process, different at each call.
     *
     * @return the name, made of the name of this host, the process id and 32 random bits
     */
    public static String ofThisStart() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            // A host that cannot resolve its own name still has a process id and the random bits.
            host = "";
        }
        return create(host, ProcessHandle.current().pid(), new SecureRandom());
    }
}
