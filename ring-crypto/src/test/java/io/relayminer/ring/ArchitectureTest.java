package io.relayminer.ring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the module may depend on, and which way its packages point. */
@AnalyzeClasses(packages = "io.relayminer", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule theModuleStandsAlone =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "io.relayminer.ring..",
                            "java..",
                            "org.bouncycastle..",
                            "org.jspecify.annotations");

    @ArchTest
    static final ArchRule arithmeticKnowsNothingOfSignatures =
            noClasses()
                    .that()
                    .resideInAPackage("io.relayminer.ring.secp256k1..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("io.relayminer.ring", "org.bouncycastle..");

    /**
     * Secrets only meet code that may see them: no variable-time method from the constant-time
     * classes.
     */
    @ArchTest
    static final ArchRule secretsNeverReachVariableTimeCode =
            noClasses()
                    .that()
                    .haveSimpleName("SecretMultiplication")
                    .or()
                    .haveSimpleName("SecretLookup")
                    .or()
                    .haveSimpleName("Rfc6979")
                    .should()
                    .callMethodWhere(
                            com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                                    com.tngtech.archunit.core.domain.properties.HasName.Predicates
                                            .nameMatching(".*Vartime")));

    @ArchTest
    static final ArchRule hasNoCirclesOfPackages =
            slices().matching("io.relayminer.(**)").should().beFreeOfCycles();
}
