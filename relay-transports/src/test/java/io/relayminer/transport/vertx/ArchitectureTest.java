package io.relayminer.transport.vertx;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
        packages = "io.relayminer.transport.vertx",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsTheSpiAndVertxOnly =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.transport..",
                            "io.relayminer.provider..",
                            "io.vertx..",
                            "io.netty..",
                            "java..",
                            "javax.net..",
                            "org.jspecify..",
                            "org.slf4j..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
