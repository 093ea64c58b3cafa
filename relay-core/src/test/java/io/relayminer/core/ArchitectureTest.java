package io.relayminer.core;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What this module may know, and which of its rooms may know which. */
@AnalyzeClasses(
        packages = "io.relayminer.core",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsTheModulesBelowItOnly =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "io.vertx..",
                            "io.relayminer.transport.vertx..",
                            "io.relayminer.relayer..",
                            "io.relayminer.miner..",
                            "io.relayminer.testkit..",
                            "io.relayminer.benchmarks..");

    /** Applications that embed this module get neither a command line nor a logging back end. */
    @ArchTest
    static final ArchRule optionalLibrariesStayInOneRoom =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("io.relayminer.core.daemon")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "ch.qos.logback..", "picocli..", "io.relayminer.core.daemon");

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
    static final ArchRule sessionsAreArithmeticExceptForTheirStore =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.core.session")
                    .and()
                    .haveNameNotMatching(".*Store.*")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.session",
                            "io.relayminer.core.wire..",
                            "io.relayminer.smst",
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

    @ArchTest
    static final ArchRule chainStandsBelowTheDaemons =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            "io.relayminer.core.chain",
                            "io.relayminer.core.key",
                            "io.relayminer.core.tx")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.core.relay..",
                            "io.relayminer.core.miner..",
                            "io.relayminer.core.cache..",
                            "io.relayminer.core.meter..",
                            "io.relayminer.core.redis..",
                            "io.lettuce..");

    @ArchTest
    static final ArchRule grpcStaysInTheChainClient =
            noClasses()
                    .that()
                    .resideInAPackage("io.relayminer.core..")
                    .and()
                    .resideOutsideOfPackages(
                            "io.relayminer.core.chain", "io.relayminer.core.wire..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.grpc..");
}
