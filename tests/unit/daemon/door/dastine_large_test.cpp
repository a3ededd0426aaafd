// SPDX-License-Identifier: Apache-2.0
#include "dastine_fixture.hpp"
#include "held_disk.hpp"

using namespace mohr;
using namespace mohr::test;
using protocol::Code;

namespace {

/// A command whose document is `size` zero bytes, in pieces of 64 KiB; stops where the front says so.
struct Upload {
    Upload(DastineFixture& page, const char* command, std::size_t size, link::ConnectionId id = 1)
        : fixture(page), connection(id), left(size / 3 * 4) {
        feed("{\"info\":\"" + page.info + "\",\"command\":\"" + command +
                 "\",\"hash\":\"SHA256\",\"attach\":true,\"data\":\"",
             false);
    }
    void feed(const std::string& text, bool last) { open = fixture.front.on_text(connection, text, last); }
    void run() {
        while (left > 0 && open) {
            const std::size_t n = std::min<std::size_t>(left, 64 * 1024);
            feed(std::string(n, 'A'), false);
            left -= n;
        }
        if (left == 0 && open) feed("\"}", true);
    }
    DastineFixture& fixture;
    link::ConnectionId connection;
    std::size_t left;
    bool open = true;
};

constexpr std::size_t mib = 1024 * 1024;

} // namespace

TEST_CASE_METHOD(DastineFixture, "a large document passes through a spool and is hashed whole [R192]",
                 "[dastine]") {
    select();
    constexpr std::size_t size = 12 * mib;
    Upload upload(*this, "CmsSign", size);
    upload.run();
    while (host.operations.size() == answered && host.steps > 0) {
        host.steps = 0;
        front.step();
    }
    CHECK(asked<link::Sign>().items[0].size == size);
    CHECK(asked<link::Sign>().items[0].digest == digest(DigestAlgorithm::sha256, Bytes(size)));
    CHECK(asked<link::Sign>().items[0].preview == 0);
    answer(signed_by_core({1, 2}, link::Scheme::ecdsa));
    // The reply goes out in pieces of one message, no faster than the page reads.
    CHECK(count() == 1);
    CHECK(host.unsent < mib);
    for (int i = 0; i < 200 && count() == 1; ++i) {
        host.unsent = 0;
        front.on_drained(1);
    }
    CHECK(count() == 2);
    CHECK(host.largest_piece < 300 * 1024);
    CHECK(from_base64(last()).value().size() > size);
    CHECK(front.buffered_bytes() == 0);
}

TEST_CASE_METHOD(DastineFixture, "a reply waits behind one that is being sent [R190]", "[dastine]") {
    select();
    Upload upload(*this, "CmsSign", 3 * mib);
    upload.run();
    for (int i = 0; i < 100 && host.operations.size() == answered; ++i) front.step();
    answer(signed_by_core({1, 2}, link::Scheme::ecdsa));
    send("GetVersion");
    CHECK(count() == 1);
    for (int i = 0; i < 50; ++i) {
        host.unsent = 0;
        front.on_drained(1);
    }
    REQUIRE(count() == 3);
    CHECK(host.replies[1][1]["command"] == "CmsSign");
    CHECK(host.replies[1][2]["command"] == "GetVersion");
}

TEST_CASE_METHOD(DastineFixture, "a page is not read while its spool is waited for [T09]", "[dastine]") {
    select();
    host.hold_spools = true;
    Upload upload(*this, "Sign", 6 * mib);
    upload.run();
    CHECK_FALSE(upload.open);
    CHECK(front.buffered_bytes() < mib);
    REQUIRE(host.spools.size() == 1);
    front.step();
    CHECK(host.resumed.empty());
    host.spools[0](Descriptor(::memfd_create("spool", MFD_CLOEXEC)));
    front.step();
    CHECK(host.resumed == std::vector<link::ConnectionId>{1});
    upload.open = true;
    upload.run();
    CHECK(upload.open);
    for (int i = 0; i < 100 && host.operations.size() == answered; ++i) front.step();
    fail(Code::user_cancelled);
    CHECK(last() == "18");
    // A refused spool fails the command, once the message is over.
    Upload refused(*this, "Sign", 3 * mib);
    refused.run();
    REQUIRE(host.spools.size() == 2);
    host.spools[1](Descriptor());
    refused.open = true;
    refused.run();
    CHECK(last() == "32");
    CHECK(host.operations.size() == answered);
    CHECK(front.buffered_bytes() == 0);
}

TEST_CASE_METHOD(DastineFixture,
                 "a page is not read while the disk is behind, and loses nothing [T09] [R190]", "[dastine]") {
    select();
    host.hold_spools = true;
    HeldDisk disk;
    Upload upload(*this, "Sign", 6 * mib);
    upload.run();
    REQUIRE(host.spools.size() == 1);
    host.spools[0]({Descriptor(::memfd_create("spool", MFD_CLOEXEC)), &disk});
    front.step();
    std::size_t pauses = 0;
    for (; pauses < 100; ++pauses) {
        upload.open = true;
        upload.run();
        if (upload.open) break; // sent to its end
        host.resumed.clear();
        front.step();
        CHECK(host.resumed.empty());
        disk.release();
        front.step();
        CHECK(host.resumed == std::vector<link::ConnectionId>{1});
    }
    CHECK(pauses > 5);
    for (int i = 0; i < 1000 && host.operations.size() == answered; ++i) {
        disk.release();
        front.step();
    }
    CHECK(asked<link::Sign>().items.front().size == 6 * mib);
    fail(Code::user_cancelled);
    CHECK(last() == "18");
}

TEST_CASE("documents beyond the budget are refused and given back [T09] [R192]", "[dastine]") {
    link::DastineLimits limits;
    limits.buffered_bytes = 8 * mib;
    DastineFixture page(link::Access::granted, limits);
    page.select();
    // No origin has more than half.
    Upload first(page, "CmsSign", 3 * mib);
    first.run();
    Upload second(page, "CmsSign", 3 * mib);
    second.run();
    for (int i = 0; i < 100 && page.host.operations.size() == page.answered; ++i) page.front.step();
    page.fail(Code::user_cancelled);
    CHECK(page.host.replies[1].back() == json{{"command", "CmsSign"}, {"Result", "15"}});
    CHECK(page.front.buffered_bytes() == 0);
    // Another origin still has room.
    page.open(2, link::Access::granted, "http://other.example");
    Upload third(page, "Sign", 3 * mib);
    third.run();
    Upload fourth(page, "CmsDecrypt", 3 * mib, 2);
    fourth.run();
    CHECK(page.count(2) == 1);
    // A page that goes away gives all of it back.
    page.front.close(1);
    page.front.close(2);
    CHECK(page.front.buffered_bytes() == 0);
}

TEST_CASE_METHOD(DastineFixture,
                 "a page that stops in the middle of a document gives back what it took [T09]", "[dastine]") {
    select();
    Upload upload(*this, "Sign", 3 * mib);
    upload.run();
    for (int i = 0; i < 100 && host.operations.size() == answered; ++i) front.step();
    open(2);
    Upload stopped(*this, "CmsSign", 6 * mib, 2);
    for (int i = 0; i < 10; ++i) stopped.feed(std::string(64 * 1024, 'A'), false);
    fail(Code::user_cancelled);
    CHECK(front.buffered_bytes() > 0);
    clock.advance(std::chrono::seconds(61));
    front.tick();
    CHECK(front.buffered_bytes() == 0);
    stopped.left = 64 * 1024;
    stopped.run();
    CHECK(last(2) == "15");
}

TEST_CASE_METHOD(DastineFixture, "one socket has a bounded number of open commands [T09]", "[dastine]") {
    select();
    for (int i = 0; i < 64; ++i) send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA1"}});
    CHECK(count() == 1);
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA1"}});
    CHECK(last() == "15");
    CHECK(count() == 2);
    CHECK(host.operations.size() == answered + 1);
    // Another `info` does not make more room; another socket has its own.
    info = "another";
    CHECK(at_once("FindCertificateFromToken") == "15");
    open(2);
    send("FindCertificateFromToken", 2);
    CHECK(count(2) == 0);
}

TEST_CASE_METHOD(DastineFixture, "sessions that pages leave behind are bounded [T09]", "[dastine]") {
    for (int i = 0; i < 200; ++i) {
        open(2);
        info = "tab" + std::to_string(i);
        at_once("GetVersion", 2);
        front.close(2);
    }
    CHECK(front.sessions() <= 64);
    // Those with an open socket stay; a new one is refused then.
    open(3);
    for (int i = 0; i < 100; ++i) {
        info = "open" + std::to_string(i);
        send("GetVersion", 3);
    }
    CHECK(front.sessions() <= 64);
    CHECK(last(3) == "15");
    info = "open0";
    CHECK(at_once("GetVersion", 3) == "5.8.38.0");
}

TEST_CASE("a reply that would not fit into a message is refused [R192]", "[dastine]") {
    link::DastineLimits limits;
    limits.message_bytes = mib;
    DastineFixture page(link::Access::granted, limits);
    page.select();
    Upload upload(page, "CmsSign", 786432);
    upload.run();
    for (int i = 0; i < 100 && page.host.operations.size() == page.answered; ++i) page.front.step();
    page.answer(DastineFixture::signed_by_core({1, 2}, link::Scheme::ecdsa));
    CHECK(page.last() == "15");
}
