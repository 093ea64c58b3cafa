package io.relayminer.transport;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.relayminer", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule plainTypesOnly =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.transport..")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.transport..",
                            "io.relayminer.provider..",
                            "java..",
                            "org.jspecify..",
                            "org.slf4j..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
