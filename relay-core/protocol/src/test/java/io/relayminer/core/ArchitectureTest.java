package io.relayminer.core;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module may know. */
@AnalyzeClasses(
        packages = {
            "io.relayminer.core.wire",
            "io.relayminer.core.session",
            "io.relayminer.core.tx"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsTheModulesBelowItOnly =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.wire..",
                            "io.relayminer.core.session..",
                            "io.relayminer.core.tx..",
                            "io.relayminer.ring",
                            "com.google.protobuf..",
                            "com.google.common.util.concurrent..",
                            "io.grpc..",
                            "java..",
                            "javax..",
                            "org.jspecify..",
                            "org.slf4j..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule wireKnowsNothingElse =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.core.wire")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.wire..",
                            "io.relayminer.ring",
                            "com.google.protobuf..",
                            "org.jspecify..",
                            "java..");

    @ArchTest
    static final ArchRule sessionsAreArithmetic =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.core.session")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.session",
                            "io.relayminer.core.wire..",
                            "com.google.protobuf..",
                            "org.jspecify..",
                            "java..");

    @ArchTest
    static final ArchRule txKnowsNoNetwork =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.core.tx")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.tx",
                            "io.relayminer.core.wire..",
                            "com.google.protobuf..",
                            "org.jspecify..",
                            "java..");
}
