package io.relayminer.core.daemon;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.core.config.LoggingConfig;

import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Sends log lines to standard error, as JSON objects or as text. */
final class LogOutput {

    private static final String TEXT = "%d{HH:mm:ss} %-5level %logger{0} %msg%n";
    private static final String TEXT_WITH_CALLER = "%d{HH:mm:ss} %-5level %logger{0} %F:%L %msg%n";

    private LogOutput() {}

    /** Replaces whatever was configured before. */
    static void configure(LoggingConfig config) {
        if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.reset();
        ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
        console.setContext(context);
        console.setName("stderr");
        console.setTarget("System.err");
        console.setEncoder(encoder(config, context));
        console.start();
        Appender<ILoggingEvent> out = console;
        if (config.async()) {
            AsyncAppender async = new AsyncAppender();
            async.setContext(context);
            async.setName("async");
            async.setQueueSize(config.asyncBufferSize());
            async.setNeverBlock(true);
            async.setIncludeCallerData(config.enableCaller());
            async.addAppender(console);
            async.start();
            out = async;
        }
        ch.qos.logback.classic.Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(out);
        context.getLogger("io.relayminer").setLevel(Level.toLevel(config.level()));
    }

    private static Encoder<ILoggingEvent> encoder(LoggingConfig config, LoggerContext context) {
        if (config.format().equals("json")) {
            JsonEncoder json = new JsonEncoder(config.enableCaller());
            json.setContext(context);
            json.start();
            return json;
        }
        PatternLayoutEncoder text = new PatternLayoutEncoder();
        text.setContext(context);
        text.setPattern(config.enableCaller() ? TEXT_WITH_CALLER : TEXT);
        text.start();
        return text;
    }

    /** One JSON object per line: level, time, component, message, and the error if there is one. */
    static final class JsonEncoder extends EncoderBase<ILoggingEvent> {

        private static final ObjectMapper JSON = new ObjectMapper();
        private static final byte[] NOTHING = {};

        private final boolean caller;

        JsonEncoder(boolean caller) {
            this.caller = caller;
        }

        @Override
        public byte[] headerBytes() {
            return NOTHING;
        }

        @Override
        public byte[] footerBytes() {
            return NOTHING;
        }

        @Override
        public byte[] encode(ILoggingEvent event) {
            ObjectNode line = JSON.createObjectNode();
            line.put("level", event.getLevel().toString().toLowerCase(Locale.ROOT));
            line.put("time", DateTimeFormatter.ISO_INSTANT.format(event.getInstant()));
            String logger = event.getLoggerName();
            line.put("component", logger.substring(logger.lastIndexOf('.') + 1));
            if (caller && event.getCallerData().length > 0) {
                StackTraceElement at = event.getCallerData()[0];
                line.put("caller", at.getFileName() + ":" + at.getLineNumber());
            }
            line.put("message", event.getFormattedMessage());
            if (event.getThrowableProxy() != null) {
                line.put("error", ThrowableProxyUtil.asString(event.getThrowableProxy()));
            }
            try {
                return (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
            } catch (JsonProcessingException e) {
                return "{\"level\":\"error\",\"message\":\"a log line could not be written\"}\n"
                        .getBytes(StandardCharsets.UTF_8);
            }
        }
    }
}
