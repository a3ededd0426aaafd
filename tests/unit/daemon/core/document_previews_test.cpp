// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "document_previews.hpp"
#include "operation_fixture.hpp"

#include <sys/mman.h>

#include <array>
#include <fcntl.h>
#include <unistd.h>

using namespace mohr;
using namespace mohr::core;
using protocol::Code;
using test::OperationFixture;
namespace link_ = protocol::link;

namespace {

constexpr int all_seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

std::vector<std::shared_ptr<const DocumentContent>> files_of(const std::vector<std::string>& contents) {
    std::vector<std::shared_ptr<const DocumentContent>> files;
    for (const auto& content : contents)
        files.push_back(std::make_shared<const DocumentContent>(test::memory_file(content)));
    return files;
}

link_::Sign sign_of(const std::vector<std::string>& contents) {
    link_::Sign sign;
    int preview = 0;
    for (const auto& content : contents) sign.items.push_back(OperationFixture::item(content, preview++));
    return sign;
}

std::string read_back(int fd, std::uint64_t offset, std::uint64_t size) {
    std::string text(size, '\0');
    REQUIRE(::pread(fd, text.data(), text.size(), static_cast<off_t>(offset)) == static_cast<ssize_t>(size));
    return text;
}

} // namespace

TEST_CASE("a document of many MiB is compared with what would be signed to its last byte [T18] [T20]",
          "[previews]") {
    std::string content(5'000'000, 'a');
    content += "end";
    const auto shown = check_previews(sign_of({content}), files_of({content}));
    REQUIRE(shown);
    CHECK((*shown)[0].text == content.substr(0, max_prompt_preview_bytes));
    CHECK(read_back((*shown)[0].content->descriptor().value(), content.size() - 3, 3) == "end");

    for (const std::size_t at : {std::size_t{0}, std::size_t{70'000}, content.size() - 1}) {
        auto other = content;
        other[at] = 'B';
        CHECK(check_previews(sign_of({content}), files_of({other})).error().code == Code::internal_error);
    }
    CHECK_FALSE(check_previews(sign_of({content}), files_of({content.substr(1)})));
    CHECK_FALSE(check_previews(sign_of({content + "+"}), files_of({content})));
}

TEST_CASE("a preview needs every seal [T20]", "[previews]") {
    for (const int missing : {0, F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_SEAL}) {
        auto file = test::memory_file("text", false);
        REQUIRE(::fcntl(file.get(), F_ADD_SEALS, all_seals & ~missing) == 0);
        std::vector<std::shared_ptr<const DocumentContent>> files;
        files.push_back(std::make_shared<const DocumentContent>(std::move(file)));
        CHECK(check_previews(sign_of({"text"}), files).has_value() == (missing == 0));
    }
}

TEST_CASE("previews above 16 MiB, or 32 MiB of one request, are refused [T09]", "[previews]") {
    const std::string most(link_::max_preview_bytes, 'x');
    CHECK(check_previews(sign_of({most, most}), files_of({most, most})));
    const auto more = check_previews(sign_of({most + "x"}), files_of({most + "x"}));
    CHECK(more.error().code == Code::limit_exceeded);
    const std::string small(link_::max_small_preview_bytes, 's');
    CHECK(check_previews(sign_of({most, most, small}), files_of({most, most, small})));
    const std::string third = small + "+";
    CHECK(check_previews(sign_of({most, most, third}), files_of({most, most, third})).error().code ==
          Code::limit_exceeded);
}

TEST_CASE("a large document that begins as a login is refused [T19]", "[previews]") {
    const std::string login = std::string("mohr-auth-v1\0", 13) + std::string(100'000, 'x');
    CHECK(check_previews(sign_of({login}), files_of({login})).error().code == Code::login_context);
}

TEST_CASE("previews that came inside the message become one sealed descriptor [T18] [T20]", "[previews]") {
    auto sign = sign_of({"first", "second"});
    for (auto& item : sign.items) item.preview = 0;
    sign.items[1].preview_offset = 5;
    sign.previews = to_bytes(as_bytes("firstsecond"));
    const auto shown = check_previews(sign, {});
    REQUIRE(shown);
    CHECK((*shown)[0].content == (*shown)[1].content);
    const int descriptor = (*shown)[0].content->descriptor().value();
    CHECK((*shown)[0].content->descriptor().value() == descriptor); // a prompt is shown again
    CHECK(read_back(descriptor, 5, 6) == "second");
    CHECK(::fcntl(descriptor, F_GET_SEALS) == all_seals);
    CHECK(::pwrite(descriptor, "x", 1, 0) == -1);
}
