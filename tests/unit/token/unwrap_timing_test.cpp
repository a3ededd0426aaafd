// SPDX-License-Identifier: Apache-2.0
// T21 in time: whether the padding of a key wrapped with PKCS#1 v1.5 was right must not show in how long the
// unwrapping takes. Two classes of ciphertext, measured in a random order, compared by the sign test, which outliers
// cannot sway; and the same measurement of an unwrapping with a planted leak, which it must find.
#include "catch_compat.hpp"
#include "private_operations.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/random.hpp>

#include <openssl/rsa.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>

using namespace mohr;
using namespace mohr::token;

namespace {

constexpr std::size_t key_size = 32;

struct Key {
    Key() : pair(generate_key_pair(KeyAlgorithm::rsa_2048).value()) {
        const Bytes info = public_key_info(pair.get()).value();
        const unsigned char* cursor = info.data();
        open_half.reset(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(info.size())));
        loaded.emplace(std::move(pair), KeyAlgorithm::rsa_2048, random_secret(32));
    }
    /// The ciphertext whose decryption is `block`.
    [[nodiscard]] Bytes encrypt(const Bytes& block) const {
        const OwnedKeyContext context(EVP_PKEY_CTX_new(open_half.get(), nullptr));
        Bytes out(block.size());
        std::size_t length = out.size();
        REQUIRE((context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
                 EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1 &&
                 EVP_PKEY_encrypt(context.get(), out.data(), &length, block.data(), block.size()) == 1));
        return out;
    }
    OwnedKey pair;
    OwnedKey open_half;
    std::optional<LoadedKey> loaded;
};

/// 00 02 ‖ PS ‖ 00 ‖ message for 2048 bits.
Bytes right_block(std::size_t message_size) {
    Bytes block(256, 0x5a);
    block[0] = 0;
    block[1] = 2;
    block[256 - message_size - 1] = 0;
    return block;
}

using Unwrap = std::function<void(const Bytes&)>;

/// How far the share of pairs in which the first class was slower is from one half, in standard deviations.
double deviation(const Unwrap& unwrap, const Bytes& first, const Bytes& second, int pairs) {
    const auto time = [&](const Bytes& encrypted) {
        const auto begin = std::chrono::steady_clock::now();
        unwrap(encrypted);
        return std::chrono::steady_clock::now() - begin;
    };
    std::mt19937 order(std::random_device{}());
    int slower = 0;
    int unequal = 0;
    for (int i = 0; i < pairs; ++i) {
        // At random, not in turns: OpenSSL renews its blinding every 32 operations, which turns would always
        // give to one class.
        const bool first_goes_first = (order() & 1U) != 0;
        const auto a = time(first_goes_first ? first : second);
        const auto b = time(first_goes_first ? second : first);
        if (a == b) continue;
        ++unequal;
        if ((first_goes_first ? a : b) > (first_goes_first ? b : a)) ++slower;
    }
    if (unequal == 0) return 0;
    return (slower - unequal / 2.0) / (std::sqrt(static_cast<double>(unequal)) / 2);
}

/// A difference is systematic if it shows in three rounds running and always points the same way. By chance
/// each round passes four deviations less than once in 15,000.
bool leaks(const Unwrap& unwrap, const Bytes& first, const Bytes& second, int pairs) {
    constexpr double threshold = 4;
    double sum = 0;
    for (int round = 0; round < 3; ++round) {
        const double found = deviation(unwrap, first, second, pairs);
        if (std::abs(found) < threshold || sum * found < 0) return false;
        sum += found;
    }
    return true;
}

bool is_padded(const Bytes& block, const RsaPkcs1& how) {
    const auto separator = std::find(block.begin() + 2, block.end(), 0);
    const auto after = static_cast<std::size_t>(block.end() - separator); // the separator and the message
    return block[0] == 0 && block[1] == 2 &&
           (how.expected_size == 0 ? after >= 1 && after <= 246 : after == how.expected_size + 1);
}

/// What many programs do: look at the padding, and only if it is wrong make up an answer.
void unwrap_with_a_leak(const LoadedKey& key, const RsaPkcs1& how, const Bytes& encrypted) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key.get0(), nullptr));
    Bytes block(256);
    std::size_t length = block.size();
    if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
        EVP_PKEY_decrypt(context.get(), block.data(), &length, encrypted.data(), encrypted.size()) != 1)
        throw std::runtime_error("decrypt");
    if (is_padded(block, how)) return;
    const Bytes seed = hmac_sha256(key.rejection_key().reveal(), encrypted);
    const Bytes made_up = hmac_sha256(seed, encrypted);
    if (made_up.empty()) throw std::runtime_error("hmac");
}

void holds_its_time(const Key& key, const RsaPkcs1& how, const Bytes& good, const Bytes& bad) {
    const Unwrap ours = [&](const Bytes& encrypted) {
        if (!unwrap_key(*key.loaded, how, encrypted)) throw std::runtime_error("unwrap");
    };
    CHECK_FALSE(leaks(ours, good, bad, 8'000));
    const Unwrap leaky = [&](const Bytes& encrypted) { unwrap_with_a_leak(*key.loaded, how, encrypted); };
    CHECK(leaks(leaky, good, bad, 2'000));
}

} // namespace

TEST_CASE("right and wrong PKCS#1 v1.5 padding take the same time, and a planted leak is found [T21]",
          "[token][timing]") {
    const Key key;
    const auto place = GENERATE(std::size_t{1}, std::size_t{100}, std::size_t{256 - key_size - 1});
    Bytes block = right_block(key_size);
    block[place] = place == 100 ? 0 : 1; // the block type, a zero within the padding, no zero behind it
    holds_its_time(key, RsaPkcs1{key_size}, key.encrypt(right_block(key_size)), key.encrypt(block));
}

TEST_CASE("right and wrong PKCS#1 v1.5 padding of a message of any length take the same time, and a planted "
          "leak is found [T21]",
          "[token][timing]") {
    const Key key;
    const RsaPkcs1 any{0};
    const auto [place, value] =
        GENERATE(std::pair<std::size_t, std::uint8_t>{1, 1},                   // the block type
                 std::pair<std::size_t, std::uint8_t>{9, 0},                   // seven bytes of padding
                 std::pair<std::size_t, std::uint8_t>{256 - key_size - 1, 1}); // no separator anywhere
    Bytes block = right_block(key_size);
    block[place] = value;
    const Bytes bad = key.encrypt(block);
    // Whoever asked sees how long the answer is, so the right one is as long as that made up for the wrong one.
    const std::size_t length = unwrap_key(*key.loaded, any, bad).value().size();
    const Bytes good = key.encrypt(right_block(length));
    REQUIRE(unwrap_key(*key.loaded, any, good).value().size() == length);
    holds_its_time(key, any, good, bad);
}
