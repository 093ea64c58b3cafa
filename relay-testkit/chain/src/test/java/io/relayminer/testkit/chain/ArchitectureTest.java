package io.relayminer.testkit.chain;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The chain stands below the code it judges: it shares codecs and curve arithmetic with it. */
@AnalyzeClasses(
        packages = "io.relayminer.testkit.chain",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule sharesMessagesAndCurveArithmeticOnly =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages(
                            "io.relayminer.testkit.chain..",
                            "io.relayminer.core.wire..",
                            "io.relayminer.ring",
                            "java..",
                            "com.google.protobuf..",
                            "com.fasterxml.jackson..",
                            "io.grpc..",
                            "io.vertx..",
                            "org.jspecify.annotations",
                            "org.slf4j");

    @ArchTest
    static final ArchRule wireMeansMessagesAndNothingThatDecides =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.relayminer.core.wire");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
