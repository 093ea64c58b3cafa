package io.relayminer.core.config;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.Set;

/** Which keys of a configuration type hold secrets, or may. */
final class Secrets {

    private Secrets() {}

    /** The snake-case names of all keys below the type that can be given as a file. */
    static Set<String> namesIn(Class<?> type) {
        Set<String> names = new HashSet<>();
        collect(type, names, new HashSet<>());
        return names;
    }

    static String keyName(RecordComponent component) {
        return new PropertyNamingStrategies.SnakeCaseStrategy().translate(component.getName());
    }

    private static void collect(Type type, Set<String> names, Set<Type> seen) {
        if (!seen.add(type)) {
            return;
        }
        if (type instanceof ParameterizedType generic) {
            for (Type argument : generic.getActualTypeArguments()) {
                collect(argument, names, seen);
            }
        } else if (type instanceof Class<?> raw && raw.isRecord()) {
            for (RecordComponent component : raw.getRecordComponents()) {
                Key key = component.getAnnotation(Key.class);
                if (key != null && (key.secret() || key.fromFile())) {
                    names.add(keyName(component));
                }
                collect(component.getGenericType(), names, seen);
            }
        }
    }
}
