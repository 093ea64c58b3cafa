package io.relayminer.core.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Describes one configuration key on the record component that holds it. The reference pages are
 * generated from these texts.
 */
@Target(ElementType.RECORD_COMPONENT)
@Retention(RetentionPolicy.RUNTIME)
public @interface Key {

    /** What the key means, its unit and its range, in one or two sentences. */
    String value();

    /**
     * Whether the value is a secret. A secret is masked wherever the configuration is printed, and
     * may be given as {@code <name>_file}, the path of a file whose trimmed content is the value.
     */
    boolean secret() default false;

    /**
     * Whether a value that is no secret, but may carry one, can be given as {@code <name>_file} as
     * well.
     */
    boolean fromFile() default false;
}
