package io.relayminer.testkit.chain.genesis;

import com.google.protobuf.ByteString;

import java.math.BigInteger;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * The well-known accounts of the Pocket localnet, in the order of their account numbers. Their
 * private keys are published with the network's development tools: they are for tests, and worth
 * nothing anywhere else.
 */
public final class LocalnetAccounts {
    private static final String UPOKT = "upokt";
    private static final BigInteger ORDINARY_BALANCE = new BigInteger("1000000000000");

    private LocalnetAccounts() {}

    /**
     * One account.
     *
     * @param name name in the localnet's key files
     * @param address bech32
     * @param privateKey 32 bytes
     * @param publicKey 33 bytes, compressed secp256k1
     */
    public record Entry(String name, String address, ByteString privateKey, ByteString publicKey) {
        Map<String, BigInteger> balances() {
            return switch (name) {
                case "faucet" -> Map.of(UPOKT, new BigInteger("999999999999999999"));
                case "pnf" ->
                        Map.of(
                                UPOKT,
                                new BigInteger("690000000000042"),
                                "mact",
                                new BigInteger("6900000000000042"));
                case "validator1" -> Map.of(UPOKT, new BigInteger("900000000000000"));
                case "source_owner_develop" -> Map.of(UPOKT, new BigInteger("6900000000042"));
                default -> Map.of(UPOKT, ORDINARY_BALANCE);
            };
        }

        /** Shows name and address. */
        @Override
        public String toString() {
            return name + " " + address;
        }
    }

    private static final List<Entry> ENTRIES =
            List.of(
                    entry(
                            "faucet",
                            "pokt1awtlw5sjmw2f5lgj8ekdkaqezphgz88rdk93sk",
                            "173f4a0aac81d4d4f5f27c6753130e6279d8b6a6a24a49f045217b0aa6e84b4b",
                            "02f64b1ab70c605d8241dc5970c08c6d9c80bfdec77f22f2a8ef9b541d445ea7c7"),
                    entry(
                            "pnf",
                            "pokt1eeeksh2tvkh7wzmfrljnhw4wrhs55lcuvmekkw",
                            "f4086e33e2450fc9f102abfe3f2df511ce221a0d65414154f728f29930ccad30",
                            "02dc18a0b4b9428121b62ae3fa73fb9b1c1e7d1793faa25d7db726d6125b4ae94d"),
                    entry(
                            "validator1",
                            "pokt18kk3aqe2pjz7x7993qp2pjt95ghurra9682tyn",
                            "cc3b85b08ca33957246edbcb8b63fe8b24b1dc12a8fcd57cdd26d88eab74cd3d",
                            "028f2eb062e6f037ac99c10427f88830caf47e703e98a08298827f686d0749bc32"),
                    entry(
                            "app1",
                            "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4",
                            "2d00ef074d9b51e46886dc9a1df11e7b986611d0f336bdcf1f0adce3e037ec0a",
                            "0397896e9b106df70124a856861cc9be52fac9980e2c7a118a36c19d0198692cc5"),
                    entry(
                            "app2",
                            "pokt184zvylazwu4queyzpl0gyz9yf5yxm2kdhh9hpm",
                            "7e7571a8c61b0887ff8a9017bb4ad83c016b193234f9dc8b6a8ce10c7c483600",
                            "02ff92de294bea65988bf929d7c159be03f69c4d74dc75682c78751102febf2d8e"),
                    entry(
                            "app3",
                            "pokt1lqyu4v88vp8tzc86eaqr4lq8rwhssyn6rfwzex",
                            "7cbbaa043b9b63baa7d6bb087483b0a6a9f82596c19dce4c5028eb43e5b63674",
                            "0393251466c074a111fd2f6d19ca7fc956ecca512a6d4ae7a0ad6080fd1560926c"),
                    entry(
                            "app4",
                            "pokt1pn64d94e6u5g8cllsnhgrl6t96ysnjw59j5gst",
                            "84e4f2257f24d9e1517d414b834bbbfa317e0d53fef21c1528a07a5fa8c70d57",
                            "020499e5ebe4945576ee20a9f0524ddcd6ca7c1bcea726a6cbb2d68cbc25d369a6"),
                    entry(
                            "supplier1",
                            "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj",
                            "cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06",
                            "024fb8d08d440c3be1a0cf2fa46ba008c6b4d2373cc69875749ab6ae581223eb41"),
                    entry(
                            "supplier2",
                            "pokt1re27pw4llwnatx4sq7rlggqzcm6j3f39epq2wa",
                            "7b2d353bf74a0aade09bf21928a9e195b54fd1309d19b11e63e16f92efdb610c",
                            "02949b0561d81cb387900766e1829d71c3f3c1250a8963619544ddf08415687f1a"),
                    entry(
                            "supplier3",
                            "pokt1j6dun0x8eyq5mmsmq83zs3c2utt85q8478c89u",
                            "3f132ad18b97a7adcbbc45d1741997406c5a2625829f9bdac51736f748857710",
                            "026a817d78f9a7fcd194f62e9ee1919cf6634b22ad4b4482b5380e3b2040818f39"),
                    entry(
                            "supplier4",
                            "pokt1c26hxrnsfc8s53rrx9edrmel73kw3plexhkdtm",
                            "1e84c17eec3ae7455a46ec08d0254d9fe0cf7952c82a2ca026e31d67298d2920",
                            "02f6ec66fd047b0f62e80fc5d287ddb9afb2d00c9c1d35d39c12d3387e055190e2"),
                    entry(
                            "supplier5",
                            "pokt1zfc6y3dxz9cqe56ykd300f9yze67lauuup5uy9",
                            "f0bdaa5b487138560fe43b187018b0fc8b5ba07a09357612ee47b115e10225db",
                            "021123fc0aa66deb208ea3464498a8c4e95e9ce7db4ba77f7a4abfc0e2d74b4782"),
                    entry(
                            "supplier6",
                            "pokt1mrchgg9jzcumavwn8x0fcr7q0qhw2jrc7yzcez",
                            "75533ccabda3431dba1198ef761f157632f13f9752fd32e9265d1b88ce8d4f22",
                            "0362bd730757e883fddad0540d699711456aa2ebb64c2503f76251557d012bff3b"),
                    entry(
                            "supplier7",
                            "pokt192lpngthv6l87uh6u50yl8050h43ucveks32jt",
                            "7ea7aa76c8bcbbb1cab93faa92ccec31b2b52a5dce6d038b678dd68c98183006",
                            "0311a2c9d1fa10cb75fb90e10c33341cd1ecebfb591d50d87648c3f9b06552e74a"),
                    entry(
                            "supplier8",
                            "pokt1aq5r5m6fssf24nqpcn9gulkcelkf20nrwc6d6y",
                            "f39be26fbb70dd43301377e703494f8c10166bd6c088c3074b35495fbd668e8d",
                            "024fc02a045314a21e3f2114bcbb38055e055ba4081d51e7342533ad1f694d7459"),
                    entry(
                            "supplier9",
                            "pokt1qdhw2cpv3r7vrvsxpgvs8athmcfqe23k0s32ls",
                            "00a146ce362b2d193a091d24eb31491d88ed94468b73f18c7529b38a6fcdd429",
                            "02d0377b63ad3e5a20bf2ecacd6649756faff7b688c6aec792cd3638418bda7620"),
                    entry(
                            "supplier10",
                            "pokt1garffmur6cyv040x52sa2k90rvzcn52huypp8s",
                            "92daafb0fc7a061cb2cad6d2eeea65700965eab5eb1b8f9ccb19d5594127f6b3",
                            "0293ea58b35631081c6a4d3e65839274357b03377aa42a307628262d6faff388f1"),
                    entry(
                            "supplier11",
                            "pokt1m7tn3834h6xj6r3d7mvrh3c065fp6yz459q375",
                            "dc4bcddf623d4ccabf49b80a647d5f6a6eb82c64deaa4c6bdfc8d42d81555561",
                            "03862c742b5c20cfaa2fef0a1e3dabb9777ccaeb81808573ede9b5486cee93afa1"),
                    entry(
                            "supplier12",
                            "pokt1yht4xtvkwkd4dqqay8qzqyed4fc6janq9vmzat",
                            "39efcaf10ad3aae093ed64f3145b8bcad48a7fc71c1298f1bf0c6198d0ceb6b4",
                            "032550c216526687a8f85d5019491b3ba12bfff7ce72cbdb1c69badb47fd642c5d"),
                    entry(
                            "supplier13",
                            "pokt1pl89udvrau07sw968z5p3pw9pur6mqwu250rj2",
                            "d2cd3196d580e34ecce3ebec5446cea0013a9cdf50bc91af75066970a142f13c",
                            "0265497770b917c776e6c734595a211b5b1f36307bb72d0de216e2d72d6ebce6fd"),
                    entry(
                            "supplier14",
                            "pokt1nan5lxnxny0vgc386g28zuk2kp8zk53wwn4q82",
                            "f5cdf38536b68d23d13da5e241b91841eb29d5eee31e7983b90b0f039264a9cf",
                            "0371768e6ecdb5d315568e258f03f3f21932acfa20d0f81c9d0cee8ee801a8220f"),
                    entry(
                            "supplier15",
                            "pokt13gyxtzds0n5qt8fjw3awr726zjma2xywac2m0k",
                            "9314b707725f5eb82eac29a2fdb819ca8e8fafef5ed8198ae5cac7b1697d159c",
                            "036886b846328ae1caec792fd393ada8d6215b1a1775a48f5b76d222e3ae832aaa"),
                    entry(
                            "gateway1",
                            "pokt15vzxjqklzjtlz7lahe8z2dfe9nm5vxwwmscne4",
                            "cf09805c952fa999e9a63a9f434147b0a5abfd10f268879694c6b5a70e1ae177",
                            "025821a2ac597a034250ac14b772efccf9297aa7c4bea5444564059a7cfb152063"),
                    entry(
                            "source_owner_develop",
                            "pokt1cwnu460557x0z78jv3hhc7356hhkrgc86c87q5",
                            "8f4fc67c3bcdf7fcc1c14442a7529f42eb10b45637494acac3acbf3a8dfa282b",
                            "02e0a8adbec32862a137ade644a1f99ce0969ce34b61330692b2651dcc26aef979"),
                    entry(
                            "app5",
                            "pokt1ppuhmrhphj0gawkhrs7d45u85gp4fw06tjg3j5",
                            "50058b14b956cd3071aad111f3f2a0d9a00b7028edde6c713e838b7522a626de",
                            "0204e2c883e67ff768b9b4261ecb2ab08130ab09c41ca0f7b176f750d90092aa6a"));

    private static Entry entry(String name, String address, String privateKey, String publicKey) {
        return new Entry(name, address, Genesis.hex(privateKey), Genesis.hex(publicKey));
    }

    /** All accounts, by account number. */
    public static List<Entry> all() {
        return ENTRIES;
    }

    /**
     * The account called {@code name}: {@code faucet}, {@code pnf}, {@code validator1}, {@code
     * app1} to {@code app5}, {@code supplier1} to {@code supplier15}, {@code gateway1}, {@code
     * source_owner_develop}.
     */
    public static Entry named(String name) {
        for (Entry entry : ENTRIES) {
            if (entry.name().equals(name)) {
                return entry;
            }
        }
        throw new IllegalArgumentException("the localnet has no account named " + name);
    }

    public static Genesis.Validator validator() {
        ByteString keyPair =
                ByteString.copyFrom(
                        Base64.getDecoder()
                                .decode(
                                        "vr2ZUKkx157Xz/uclOI5vFx/KN90F0f1ZyPzf/oi9EUkrePzAYMbDTnZcvBT1WS5dr69PntnDCdpj8I+1ZmR2A=="));
        return new Genesis.Validator(
                "validator1",
                named("validator1").address(),
                "poktvaloper18kk3aqe2pjz7x7993qp2pjt95ghurra9c5ef0t",
                keyPair.substring(0, 32),
                keyPair.substring(32),
                new BigInteger("900000000"));
    }
}
