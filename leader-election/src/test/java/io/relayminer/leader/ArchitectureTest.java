package io.relayminer.leader;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
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
                    .resideInAPackage("io.relayminer.leader..")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.leader..",
                            "io.relayminer.provider..",
                            "java..",
                            "org.jspecify..",
                            "org.slf4j..",
                            "io.lettuce..");

    @ArchTest
    static final ArchRule onlyTheRedisStoreKnowsRedis =
            classes()
                    .that()
                    .resideInAPackage("io.relayminer.leader..")
                    .and()
                    .haveSimpleNameNotContaining("RedisLeaseStore")
                    .and()
                    .doNotHaveSimpleName("LuaScript")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideOutsideOfPackage("io.lettuce..");

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
