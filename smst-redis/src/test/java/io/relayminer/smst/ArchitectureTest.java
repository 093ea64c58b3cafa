package io.relayminer.smst;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.relayminer", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule knowsNoOtherModule =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.smst..")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.smst..",
                            "java..",
                            "org.jspecify..",
                            "org.slf4j..",
                            "io.lettuce..");

    @ArchTest
    static final ArchRule trieKnowsNoStore =
            noClasses()
                    .that()
                    .resideInAPackage("io.relayminer.smst")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.relayminer.smst.redis..", "io.lettuce..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
