package io.relayminer.core.miner;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module may know. */
@AnalyzeClasses(
        packages = "io.relayminer.core.miner",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsTheModulesBelowItOnly =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.miner..",
                            "io.relayminer.core.chain",
                            "io.relayminer.core.redis",
                            "io.relayminer.core.metrics",
                            "io.relayminer.core.session",
                            "io.relayminer.core.tx",
                            "io.relayminer.core.wire..",
                            "io.relayminer.transport",
                            "io.relayminer.leader",
                            "io.relayminer.provider",
                            "io.relayminer.smst..",
                            "com.google.protobuf..",
                            "io.lettuce..",
                            "io.micrometer..",
                            "com.github.benmanes.caffeine..",
                            "java..",
                            "javax..",
                            "org.jspecify..",
                            "org.slf4j..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
