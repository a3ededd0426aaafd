// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>

#include <chrono>
#include <fcntl.h>
#include <unistd.h>

#include <catch_compat.hpp>

using namespace mohr;
using namespace mohr::test;
using nlohmann::json;

namespace {

constexpr std::size_t piece = 256 * 1024;

/// Content of any size that is made as it is needed, and told apart at every place.
struct Content {
    std::uint64_t size;
    std::uint64_t made = 0;
    Bytes block = random_bytes(piece);
    Hasher hasher{DigestAlgorithm::sha256};
    Bytes next() {
        Bytes out = block;
        const std::uint64_t stamp = made / piece;
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&stamp), sizeof stamp, out.begin());
        out.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece, size - made)));
        made += out.size();
        hasher.update(out);
        return out;
    }
};

struct Opened {
    std::uint32_t stream;
    std::uint64_t credit;
};
Opened open_upload(Page& page, std::uint64_t size) {
    const json opened = page.result("stream.open", {{"direction", "upload"}, {"size", size}});
    return {opened["stream"].get<std::uint32_t>(), opened["credit"].get<std::uint64_t>()};
}

void upload(Page& page, const Opened& to, Content& content) {
    page.upload(to.stream, to.credit, content.size, [&] { return content.next(); });
}

/// The result stream of a reply, into a file, with its digest.
Descriptor download(Page& page, const json& result) {
    Descriptor file(::memfd_create("download", MFD_CLOEXEC));
    page.download(result["stream"].get<std::uint32_t>(),
                  [&](std::string_view bytes) { REQUIRE(write_all(file.get(), as_bytes(bytes))); });
    return file;
}

std::uint64_t size_of(int fd) {
    struct stat status {};
    REQUIRE(::fstat(fd, &status) == 0);
    return static_cast<std::uint64_t>(status.st_size);
}

void upload_file(Page& page, const Opened& to, int fd) {
    off_t at = 0;
    page.upload(to.stream, to.credit, size_of(fd), [&] {
        Bytes bytes(piece);
        const ssize_t n = ::pread(fd, bytes.data(), bytes.size(), at);
        REQUIRE(n > 0);
        bytes.resize(static_cast<std::size_t>(n));
        at += n;
        return bytes;
    });
}

} // namespace

TEST_CASE("a GiB is hashed through binary frames with flat memory [T09]", "[door][integration][slow]") {
    DoorProcess door;
    Bytes seen;
    door.on_core([&] {
        door.seen = [&](const protocol::link::FromDoor& message) {
            if (const auto* one = std::get_if<protocol::link::Operation>(&message))
                if (const auto* sign = std::get_if<protocol::link::Sign>(&one->request))
                    seen = sign->items[0].digest;
        };
    });
    Page page(door);
    const std::size_t before = door.resident_kib();
    Content content{std::uint64_t{1} << 30U};
    const Opened stream = open_upload(page, content.size);
    const auto id = page.begin("sign.raw", {{"document", {{"name", "big.bin"}, {"stream", stream.stream}}}});
    const auto begin = std::chrono::steady_clock::now();
    upload(page, stream, content);
    CHECK(page.finish(id).contains("result"));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    Bytes hashed;
    door.on_core([&] { hashed = seen; });
    CHECK(hashed == content.hasher.finish());
    door.check_peak_below(before + 8 * 1024);
    CHECK(door.count("spool") == 0);
    WARN("1 GiB in " << took.count() << " s, the door's processor time " << door.cpu_seconds() << " s");
}

TEST_CASE("an attached CMS of many MiB comes back as a stream of the announced size, and verifies",
          "[door][integration]") {
    DoorProcess door;
    Page page(door);
    Content content{40'000'001};
    const Opened stream = open_upload(page, content.size);
    const auto id = page.begin(
        "sign.cms", {{"document", {{"name", "big.bin"}, {"stream", stream.stream}}}, {"detached", false}});
    upload(page, stream, content);
    const json result = page.finish(id)["result"];
    const Descriptor cms = download(page, result);
    CHECK(size_of(cms.get()) == result["size"]);
    CHECK(door.count("spool") == 1);

    const Opened second = open_upload(page, size_of(cms.get()));
    const auto verify = page.begin("verify", {{"stream", second.stream}});
    upload_file(page, second, cms.get());
    const json report = page.finish(verify)["result"];
    CHECK(report["valid"] == true);
    CHECK(report["size"] == content.size);
    door.check_peak_below(64 * 1024);
}

TEST_CASE("what is sealed as a stream opens as a stream, and nothing is released before the tag holds [T22]",
          "[door][integration]") {
    DoorProcess door;
    Page page(door);
    Content content{20'000'003};
    const std::string recipient = to_base64(door.signer().certificate->der());
    const Opened stream = open_upload(page, content.size);
    const json sealed =
        page.result("encrypt.cms", {{"document", {{"name", "big.bin"}, {"stream", stream.stream}}},
                                    {"recipients", {recipient}}});
    // Both directions run at once: the page must take what comes for the service to go on.
    Descriptor envelope(::memfd_create("envelope", MFD_CLOEXEC));
    std::size_t taken = 0;
    page.on_bytes = [&](std::uint32_t, std::string_view bytes) {
        REQUIRE(write_all(envelope.get(), as_bytes(bytes)));
        taken += bytes.size();
        page.notify("stream.credit", {{"stream", sealed["stream"]}, {"bytes", bytes.size()}});
    };
    upload(page, stream, content);
    page.download(sealed["stream"].get<std::uint32_t>(), [](std::string_view) {});
    page.on_bytes = nullptr;
    CHECK(taken > content.size);
    CHECK(taken < content.size + 8192);

    const auto open_it = [&](int fd) {
        const Opened second = open_upload(page, size_of(fd));
        const auto id = page.begin("decrypt.cms", {{"stream", second.stream}, {"name", "big.bin"}});
        upload_file(page, second, fd);
        return page.finish(id);
    };
    const json opened = open_it(envelope.get())["result"];
    CHECK(opened["authenticated"] == true);
    CHECK(opened["size"] == content.size);
    const Descriptor plain = download(page, opened);
    Hasher hasher(DigestAlgorithm::sha256);
    Bytes all(static_cast<std::size_t>(size_of(plain.get())));
    REQUIRE(::pread(plain.get(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    hasher.update(all);
    CHECK(hasher.finish() == content.hasher.finish());

    // One changed bit near the end: no byte of plaintext, one code.
    char byte = 0;
    const auto at = static_cast<off_t>(size_of(envelope.get()) - 100'000);
    REQUIRE(::pread(envelope.get(), &byte, 1, at) == 1);
    byte = static_cast<char>(byte ^ 1);
    REQUIRE(::pwrite(envelope.get(), &byte, 1, at) == 1);
    const json failed = open_it(envelope.get());
    CHECK(failed["error"]["data"]["code"] == "decryption_failed");
    door.check_peak_below(64 * 1024);
}

TEST_CASE("a small envelope travels inline both ways", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    const std::string recipient = to_base64(door.signer().certificate->der());
    const json document{{"name", "a.txt"}, {"data", to_base64(as_bytes("secret text"))}};
    const json sealed = page.result("encrypt.cms", {{"document", document}, {"recipients", {recipient}}});
    const json opened = page.result("decrypt.cms", {{"cms", sealed["cms"]}});
    CHECK(opened["data"] == to_base64(as_bytes("secret text")));
    CHECK(page.error("decrypt.cms", {{"cms", to_base64(as_bytes("no envelope"))}}) == "malformed_data");
    CHECK(page.error("encrypt.cms", {{"document", document}, {"recipients", {to_base64(as_bytes("x"))}}}) ==
          "malformed_data");
    CHECK(page.result("decrypt.cms", {{"cms", sealed["cms"]}, {"output", "stream"}}).contains("stream"));
}

TEST_CASE("a batch of five hundred is one operation, and a long list of results is a stream",
          "[door][integration]") {
    DoorProcess door;
    Page page(door);
    json items = json::array();
    for (int i = 0; i < 500; ++i)
        items.push_back(
            {{"id", std::to_string(i)},
             {"document",
              {{"name", "d" + std::to_string(i)}, {"data", to_base64(as_bytes(std::to_string(i)))}}}});
    const json raw = page.result("sign.batch", {{"format", "raw"}, {"items", items}});
    REQUIRE(raw["results"].size() == 500);
    CHECK(raw["results"][499]["id"] == "499");
    CHECK(door.count("operation") == 1);
    const json cms = page.result("sign.batch", {{"format", "cms"}, {"items", items}});
    const Descriptor file = download(page, cms);
    std::string text(static_cast<std::size_t>(size_of(file.get())), '\0');
    REQUIRE(::pread(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    const json results = json::parse(text);
    REQUIRE(results.size() == 500);
    const json report =
        page.result("verify", {{"cms", results[499]["cms"]}, {"document", items[499]["document"]}});
    CHECK(report["valid"] == true);
    items.push_back(items[0]);
    CHECK(page.error("sign.batch", {{"format", "raw"}, {"items", items}}) == "limit_exceeded");
}

TEST_CASE("file jobs sign, verify, seal and open over descriptors, also while the front door is closed",
          "[door][integration]") {
    DoorSettings settings;
    settings.accepting = false;
    DoorProcess door(settings);
    std::promise<protocol::link::FileJobReply> promise;
    door.on_core([&] {
        door.seen = [&](const protocol::link::FromDoor& message) {
            if (const auto* reply = std::get_if<protocol::link::FileJobReply>(&message))
                promise.set_value(*reply);
        };
    });
    std::uint64_t last = 0;
    const auto run = [&](protocol::link::FileJob job, std::vector<const Descriptor*> files) {
        promise = {};
        auto future = promise.get_future();
        job.id = ++last;
        Descriptors copies;
        for (const Descriptor* file : files) copies.emplace_back(::fcntl(file->get(), F_DUPFD_CLOEXEC, 0));
        door.send(protocol::link::FromCore(std::move(job)), std::move(copies));
        REQUIRE(future.wait_for(std::chrono::seconds(30)) == std::future_status::ready);
        return future.get();
    };
    const auto file_of = [](ByteView bytes) {
        Descriptor file(::memfd_create("file", MFD_CLOEXEC));
        REQUIRE(write_all(file.get(), bytes));
        return file;
    };
    const Bytes content = random_bytes(5'000'000);
    const Descriptor input = file_of(content);
    using protocol::link::JobKind;
    for (const bool detached : {false, true}) {
        const Descriptor cms = file_of({});
        protocol::link::FileJob sign;
        sign.kind = JobKind::sign;
        sign.name = "file.bin";
        sign.detached = detached;
        const auto signed_reply = run(std::move(sign), {&input, &cms});
        REQUIRE(signed_reply.outcome);
        CHECK(json::parse(*signed_reply.outcome)["size"] == size_of(cms.get()));
        protocol::link::FileJob verify;
        verify.kind = JobKind::verify;
        verify.has_content = detached;
        const auto verified =
            detached ? run(std::move(verify), {&cms, &input}) : run(std::move(verify), {&cms});
        REQUIRE(verified.outcome);
        CHECK(json::parse(*verified.outcome)["valid"] == true);
        CHECK(json::parse(*verified.outcome)["size"] == content.size());
    }
    const Descriptor sealed = file_of({});
    protocol::link::FileJob encrypt;
    encrypt.kind = JobKind::encrypt;
    encrypt.certificates = {door.signer().certificate->der()};
    REQUIRE(run(std::move(encrypt), {&input, &sealed}).outcome);
    const Descriptor plain = file_of({});
    protocol::link::FileJob decrypt;
    decrypt.kind = JobKind::decrypt;
    const auto opened = run(decrypt, {&sealed, &plain});
    REQUIRE(opened.outcome);
    CHECK(json::parse(*opened.outcome)["authenticated"] == true);
    Bytes back(content.size());
    REQUIRE(::pread(plain.get(), back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()));
    CHECK(back == content);

    const char changed = 'x';
    REQUIRE(::pwrite(sealed.get(), &changed, 1, 1'000'000) == 1);
    const Descriptor nothing = file_of({});
    const auto refused = run(decrypt, {&sealed, &nothing});
    REQUIRE_FALSE(refused.outcome);
    CHECK(refused.outcome.error().code == protocol::Code::decryption_failed);
    CHECK(size_of(nothing.get()) == 0);
    CHECK_FALSE(run(decrypt, {&sealed}).outcome);
}
