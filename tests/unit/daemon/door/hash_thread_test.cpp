// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/random.hpp>

#include <atomic>
#include <memory>
#include <thread>

#include <catch_compat.hpp>
#include <door/hash_thread.hpp>

using namespace mohr;
using namespace mohr::door;
using std::chrono::milliseconds;

namespace {

/// Gives `content` in pieces whose sizes go round.
void give(DocumentHasher& hasher, ByteView content, const std::vector<std::size_t>& sizes) {
    for (std::size_t i = 0; !content.empty(); ++i) {
        const ByteView piece = content.first(std::min(content.size(), sizes[i % sizes.size()]));
        content = content.subspan(piece.size());
        hasher.update(piece);
    }
}

/// A document larger than all blocks together.
constexpr std::size_t large = 3 * HashThread::block_bytes * HashThread::block_count;

} // namespace

TEST_CASE("a digest made on the other thread is that of the bytes in their order", "[door][threads]") {
    HashThread thread;
    REQUIRE(thread.start());
    const Bytes content = random_bytes(large + 4711);
    const std::vector<std::vector<std::size_t>> ways{{content.size()},
                                                     {HashThread::block_bytes},
                                                     {HashThread::inline_bytes - 1},
                                                     {1, 100'000, 7, 40'000, 300'000}};
    for (const DigestAlgorithm algorithm : {DigestAlgorithm::sha256, DigestAlgorithm::sha512})
        for (const auto& sizes : ways) {
            DocumentHasher hasher(algorithm, &thread);
            give(hasher, content, sizes);
            CHECK(hasher.finish() == digest(algorithm, content));
        }
    DocumentHasher empty(DigestAlgorithm::sha256, &thread);
    CHECK(empty.finish() == digest(DigestAlgorithm::sha256, {}));
    DocumentHasher without(DigestAlgorithm::sha256, nullptr);
    give(without, content, {HashThread::block_bytes});
    CHECK(without.finish() == digest(DigestAlgorithm::sha256, content));
}

TEST_CASE("documents that arrive at once share the hash thread and its blocks", "[door][threads]") {
    HashThread thread;
    REQUIRE(thread.start());
    constexpr std::size_t count = 2 * HashThread::block_count;
    std::vector<Bytes> contents;
    std::vector<std::unique_ptr<DocumentHasher>> hashers;
    for (std::size_t i = 0; i < count; ++i) {
        contents.push_back(random_bytes(5 * HashThread::block_bytes + i));
        hashers.push_back(std::make_unique<DocumentHasher>(DigestAlgorithm::sha256, &thread));
    }
    for (std::size_t at = 0; at < 5; ++at)
        for (std::size_t i = 0; i < count; ++i)
            hashers[i]->update(
                ByteView(contents[i]).subspan(at * HashThread::block_bytes, HashThread::block_bytes));
    for (std::size_t i = 0; i < count; ++i) {
        hashers[i]->update(ByteView(contents[i]).subspan(5 * HashThread::block_bytes));
        CHECK(hashers[i]->finish() == digest(DigestAlgorithm::sha256, contents[i]));
    }
}

TEST_CASE("a document that is cancelled leaves the hash thread to the others", "[door][threads]") {
    HashThread thread;
    REQUIRE(thread.start());
    const Bytes content = random_bytes(large);
    for (int i = 0; i < 20; ++i) {
        DocumentHasher cancelled(DigestAlgorithm::sha256, &thread);
        cancelled.update(content);
    }
    DocumentHasher hasher(DigestAlgorithm::sha256, &thread);
    hasher.update(content);
    CHECK(hasher.finish() == digest(DigestAlgorithm::sha256, content));
}

TEST_CASE("a worker does its jobs in order, and all of them before it ends", "[door][threads]") {
    std::vector<int> done;
    {
        Worker worker;
        REQUIRE(worker.start());
        for (int i = 0; i < 1000; ++i) worker.run([&done, i] { done.push_back(i); });
    }
    REQUIRE(done.size() == 1000);
    for (int i = 0; i < 1000; ++i) CHECK(done[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a worker that hangs is not waited for longer than asked", "[door][threads]") {
    Worker worker;
    std::atomic<bool> hanging{true};
    REQUIRE(worker.start());
    worker.run([&] {
        while (hanging) std::this_thread::sleep_for(milliseconds(1));
    });
    CHECK_FALSE(worker.end(milliseconds(20)));
    hanging = false;
    CHECK(worker.end(milliseconds(20'000)));
}
