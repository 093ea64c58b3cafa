package io.relayminer.leader;

import java.util.Map;
import java.util.SortedSet;

/**
 * What an instance knows when it decides who should hold what.
 *
 * @param self id of this instance
 * @param members ids of all live instances, this one included
 * @param resources names of all resources that are to be held
 * @param holders resource to the instance that holds it now, without free ones
 */
public record AssignmentView(
        String self,
        SortedSet<String> members,
        SortedSet<String> resources,
        Map<String, String> holders) {}
