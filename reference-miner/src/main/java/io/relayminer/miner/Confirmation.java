package io.relayminer.miner;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/** Asks the operator before something is deleted. */
final class Confirmation {

    private Confirmation() {}

    /** Whether the operator typed the word when asked; no answer is no. */
    static boolean given(PrintWriter out, String question, String word) {
        out.printf("%s Type %s to go on: ", question, word);
        out.flush();
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        try {
            return word.equals(in.readLine());
        } catch (IOException e) {
            return false;
        }
    }
}
