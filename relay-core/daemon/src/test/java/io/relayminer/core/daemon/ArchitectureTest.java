package io.relayminer.core.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module may know. */
@AnalyzeClasses(
        packages = {
            "io.relayminer.core.daemon",
            "io.relayminer.core.config",
            "io.relayminer.core.admin"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsTheModulesBelowItOnly =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.daemon..",
                            "io.relayminer.core.config..",
                            "io.relayminer.core.admin..",
                            "io.relayminer.core.chain",
                            "io.relayminer.core.key",
                            "io.relayminer.core.metrics",
                            "io.relayminer.core.redis",
                            "io.relayminer.provider",
                            "io.micrometer..",
                            "com.fasterxml.jackson..",
                            "org.yaml.snakeyaml..",
                            "ch.qos.logback..",
                            "picocli..",
                            "jdk..",
                            "com.sun..",
                            "java..",
                            "javax..",
                            "org.jspecify..",
                            "org.slf4j..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
