// SPDX-License-Identifier: Apache-2.0
#include "dastine_work.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

namespace mohr::door {
namespace {

using protocol::Code;

constexpr std::string_view login_context{"mohr-auth-v1\0", 13};
/// As much as a DigestInfo of SHA-512 has, and some more, so that a longer text is not one.
constexpr std::size_t head_bytes = 128;
/// RSA-8192; longer blocks belong to no key of ours.
constexpr std::size_t max_block_bytes = 1024;
constexpr std::array algorithms{DigestAlgorithm::sha1, DigestAlgorithm::sha256, DigestAlgorithm::sha384,
                                DigestAlgorithm::sha512};

WorkResult payload(Bytes content) {
    WorkResult result;
    result.content_name = "payload";
    result.content_size = content.size();
    result.content = std::make_unique<BytesSource>(std::move(content));
    return result;
}

class AskWork final : public Work {
public:
    AskWork(const WorkContext& context, link::Request request, TakeAnswer take)
        : host_(context.host), request_(std::move(request)), take_(std::move(take)) {}

    void start() override { host_.operate(std::move(request_), {}); }
    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return host_.finish(answer.error());
        auto taken = take_(*answer);
        if (!taken) return host_.finish(taken.error());
        host_.finish(taken->empty() ? WorkResult() : payload(std::move(*taken)));
    }

private:
    WorkHost& host_;
    link::Request request_;
    TakeAnswer take_;
};

/// Takes a whole document from its feed.
class FeedWork : public Work, public Consumer {
public:
    explicit FeedWork(std::shared_ptr<Feed> feed) : feed_(std::move(feed)) {}
    ~FeedWork() override { feed_->detach(); }
    void start() override { feed_->attach(*this); }
    [[nodiscard]] bool ready() const override { return true; }
    [[nodiscard]] std::uint64_t window() const override { return std::uint64_t{8} << 20; }

private:
    std::shared_ptr<Feed> feed_;
};

class SignWorkOfDastine final : public FeedWork {
public:
    SignWorkOfDastine(const WorkContext& context, DastineSign parameters)
        : FeedWork(parameters.feed), host_(context.host), parameters_(std::move(parameters)),
          hasher_(parameters_.hash.value_or(DigestAlgorithm::sha1)) {}

    void take(ByteView bytes) override {
        size_ += bytes.size();
        hasher_.update(bytes);
        const auto more = bytes.first(std::min(bytes.size(), head_bytes - head_.size()));
        head_.insert(head_.end(), more.begin(), more.end());
    }
    void failed(const Failure& failure) override { host_.finish(failure); }
    void end() override {
        if (as_text(head_).starts_with(login_context)) return host_.finish(Failure(Code::login_context));
        DigestInfo info{hasher_.algorithm(), hasher_.finish()};
        if (auto given = given_digest()) info = std::move(*given);
        if (info.algorithm == DigestAlgorithm::sha1 && !parameters_.sha1)
            return host_.finish(Failure(Code::unsupported_algorithm, "SHA-1 is switched off for this site"));
        link::Sign request;
        request.digest_algorithm = info.algorithm;
        request.certificate = parameters_.certificate;
        link::SignItem item;
        item.name = "data";
        item.size = size_;
        item.digest = std::move(info.digest);
        item.blind = true;
        request.items.push_back(std::move(item));
        host_.operate(std::move(request), {});
    }
    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return host_.finish(answer.error());
        auto* const answered = std::get_if<link::Signed>(&*answer);
        if (answered == nullptr || answered->items.size() != 1)
            return host_.finish(Failure(Code::internal_error, "the core answered another operation"));
        Bytes signature = std::move(answered->items.front().signature);
        if (parameters_.little_endian && answered->scheme != link::Scheme::ecdsa)
            std::reverse(signature.begin(), signature.end());
        host_.finish(payload(std::move(signature)));
    }

private:
    /// What the page has hashed itself.
    [[nodiscard]] std::optional<DigestInfo> given_digest() const {
        if (size_ > head_.size()) return std::nullopt;
        if (parameters_.hash) {
            if (!parameters_.prehashed || size_ != digest_size(*parameters_.hash)) return std::nullopt;
            return DigestInfo{*parameters_.hash, head_};
        }
        if (auto info = read_digest_info(head_)) return info;
        for (const DigestAlgorithm algorithm : algorithms)
            if (size_ == digest_size(algorithm)) return DigestInfo{algorithm, head_};
        return std::nullopt;
    }

    WorkHost& host_;
    DastineSign parameters_;
    Hasher hasher_;
    Bytes head_;
    std::uint64_t size_ = 0;
};

class BlockWork final : public FeedWork {
public:
    BlockWork(const WorkContext& context, DastineBlock parameters)
        : FeedWork(parameters.feed), host_(context.host), parameters_(std::move(parameters)) {}

    void take(ByteView bytes) override {
        const auto more = bytes.first(std::min(bytes.size(), max_block_bytes + 1 - block_.size()));
        block_.insert(block_.end(), more.begin(), more.end());
    }
    void failed(const Failure& failure) override { host_.finish(failure); }
    void end() override {
        // The page learns no more of what was wrong than that it could not be decrypted.
        if (block_.size() > max_block_bytes)
            return host_.finish(Failure(Code::decryption_failed, "longer than any block"));
        link::DecryptBlock request;
        request.certificate = parameters_.certificate;
        request.oaep = parameters_.oaep;
        request.block = std::move(block_);
        host_.operate(std::move(request), {});
    }
    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return host_.finish(answer.error());
        auto* const decrypted = std::get_if<link::Decrypted>(&*answer);
        if (decrypted == nullptr)
            return host_.finish(Failure(Code::internal_error, "the core answered another operation"));
        host_.finish(payload(to_bytes(decrypted->content_key.reveal())));
    }

private:
    WorkHost& host_;
    DastineBlock parameters_;
    Bytes block_;
};

} // namespace

std::unique_ptr<Work> make_ask_work(const WorkContext& context, link::Request request, TakeAnswer take) {
    return std::make_unique<AskWork>(context, std::move(request), std::move(take));
}
std::unique_ptr<Work> make_dastine_sign_work(const WorkContext& context, DastineSign parameters) {
    return std::make_unique<SignWorkOfDastine>(context, std::move(parameters));
}
std::unique_ptr<Work> make_dastine_block_work(const WorkContext& context, DastineBlock parameters) {
    return std::make_unique<BlockWork>(context, std::move(parameters));
}

std::optional<DigestInfo> read_digest_info(ByteView der) {
    const unsigned char* at = der.data();
    const Owned<X509_SIG, X509_SIG_free> info(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!info || at != der.data() + der.size()) {
        ERR_clear_error();
        return std::nullopt;
    }
    const X509_ALGOR* identifier = nullptr;
    const ASN1_OCTET_STRING* octets = nullptr;
    X509_SIG_get0(info.get(), &identifier, &octets);
    const ASN1_OBJECT* object = nullptr;
    int parameters = 0;
    X509_ALGOR_get0(&object, &parameters, nullptr, identifier);
    if (parameters != V_ASN1_NULL)
        return std::nullopt; // the core writes it so: it would not be signed as it is
    // BER has other encodings; "exactly" means that ours is the same bytes.
    unsigned char* again = nullptr;
    const int length = i2d_X509_SIG(info.get(), &again);
    const OwnedOpensslBuffer owned(again);
    if (length != static_cast<int>(der.size()) || !std::equal(der.begin(), der.end(), again))
        return std::nullopt;
    for (const DigestAlgorithm algorithm : algorithms) {
        const auto size = static_cast<std::size_t>(ASN1_STRING_length(octets));
        if (EVP_MD_get_type(digest_method(algorithm)) != OBJ_obj2nid(object) ||
            size != digest_size(algorithm))
            continue;
        return DigestInfo{algorithm, to_bytes(ByteView(ASN1_STRING_get0_data(octets), size))};
    }
    return std::nullopt;
}

} // namespace mohr::door
