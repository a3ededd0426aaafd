// SPDX-License-Identifier: Apache-2.0
#include "content_info.hpp"
#include "signature_check.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

#include <algorithm>

namespace mohr::signing {
namespace {

constexpr std::size_t max_signers = 64;
constexpr std::size_t max_certificates = 64;
constexpr std::size_t max_announced = 32;
/// Signed attributes are small: longer content cannot be any.
constexpr std::size_t max_probe_bytes = 64 * 1024;

Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}

std::string dotted(const der::Element& oid) {
    const unsigned char* cursor = oid.whole.data();
    const OwnedAsn1Object object(d2i_ASN1_OBJECT(nullptr, &cursor, static_cast<long>(oid.whole.size())));
    char text[128] = "";
    if (object) OBJ_obj2txt(text, sizeof text, object.get(), 1);
    return text;
}

/// The digests of one content, as few as are known to be needed.
class ContentDigests {
public:
    explicit ContentDigests(Sha1 sha1) : sha1_(sha1) {}

    void announce(const std::vector<DigestAlgorithm>& algorithms) {
        wanted_ = algorithms;
        std::erase_if(hashers_, [&](const Hasher& hasher) { return !is_wanted(hasher.algorithm()); });
    }

    void update(ByteView bytes) {
        if (!begun_) {
            begun_ = true;
            for (const auto algorithm : {DigestAlgorithm::sha1, DigestAlgorithm::sha256,
                                         DigestAlgorithm::sha384, DigestAlgorithm::sha512})
                if (is_wanted(algorithm)) hashers_.emplace_back(algorithm);
        }
        if (bytes.empty()) return;
        for (Hasher& hasher : hashers_) hasher.update(bytes);
        if (size_ + bytes.size() <= max_probe_bytes) probe_.insert(probe_.end(), bytes.begin(), bytes.end());
        size_ += bytes.size();
    }

    void finish(CheckContext& out) {
        update({});
        for (Hasher& hasher : hashers_)
            out.content_digests[static_cast<std::size_t>(hasher.algorithm())] = hasher.finish();
        out.content_resembles_attributes = size_ <= max_probe_bytes && looks_like_signed_attributes(probe_);
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

private:
    [[nodiscard]] bool is_wanted(DigestAlgorithm algorithm) const {
        if (algorithm == DigestAlgorithm::sha1 && sha1_ == Sha1::refused) return false;
        return !wanted_ || std::find(wanted_->begin(), wanted_->end(), algorithm) != wanted_->end();
    }

    Sha1 sha1_;
    std::optional<std::vector<DigestAlgorithm>> wanted_; ///< absent: not known yet
    std::vector<Hasher> hashers_;
    Bytes probe_;
    std::uint64_t size_ = 0;
    bool begun_ = false;
};

} // namespace

bool SignedDataReport::valid() const noexcept {
    return !signers.empty() && std::all_of(signers.begin(), signers.end(), [](const SignerReport& s) {
        return s.verdict == SignerVerdict::valid;
    });
}

/// SignedData ::= SEQUENCE { version, digestAlgorithms SET OF, encapContentInfo SEQUENCE { eContentType, [0]
/// EXPLICIT OCTET STRING OPTIONAL }, certificates [0] OPTIONAL, crls [1] OPTIONAL, signerInfos SET OF } (RFC
/// 5652 section 5.1)
struct SignedDataReader::State final : ContentInfoHandler {
    enum class Next : std::uint8_t { version, digests, encapsulated, certificates, crls, signers, nothing };
    enum class Inside : std::uint8_t { fields, encapsulated, explicit_content, certificates, signers };

    CheckContext context;
    Sink* sink;
    ContentDigests digests;
    BerReader reader{*this};
    std::vector<SignerInfo> signers;
    Next next = Next::version;
    Inside inside = Inside::fields;
    bool attached = false;
    bool content_given = false;
    std::string type_text;
    std::optional<Error> failed;

    State(std::vector<Certificate> anchors, Instant at, Sink* content, Sha1 sha1)
        : sink(content), digests(sha1) {
        context.anchors = std::move(anchors);
        context.at = at;
        context.sha1 = sha1;
    }

    Result<void> content_type(int nid) override {
        if (nid != NID_pkcs7_signed) return Error(SigningErrc::unsupported, "not SignedData");
        return {};
    }

    Result<BerAction> field(const BerElement& element) override {
        if (element.depth == field_depth) return top_field(element.tag);
        if (inside == Inside::encapsulated && element.tag == der::oid_tag && context.content_type.empty())
            return BerAction::take;
        if (inside == Inside::encapsulated && element.tag == der::context_constructed(0) &&
            !context.content_type.empty() && !attached) {
            inside = Inside::explicit_content;
            return BerAction::enter;
        }
        if (inside == Inside::explicit_content && !attached) return begin_content(element.tag);
        // Attribute certificates and other kinds stand here under context tags.
        if (inside == Inside::certificates)
            return element.tag == der::sequence_tag ? BerAction::take : BerAction::skip;
        if (inside == Inside::signers && element.tag == der::sequence_tag) return BerAction::take;
        return malformed("SignedData");
    }

    Result<BerAction> begin_content(std::uint8_t tag) {
        if ((tag & ~der::constructed_bit) != der::octet_string_tag)
            return Error(SigningErrc::unsupported, "content is no OCTET STRING");
        if (content_given)
            return Error(SigningErrc::content_missing, "content given for an attached signature");
        attached = true;
        return BerAction::stream;
    }

    Result<BerAction> top_field(std::uint8_t tag) {
        inside = Inside::fields;
        if (next == Next::version && tag == der::integer_tag) {
            next = Next::digests;
            return BerAction::take;
        }
        if (next == Next::digests && tag == der::set_tag) {
            next = Next::encapsulated;
            return BerAction::take;
        }
        if (next == Next::encapsulated && tag == der::sequence_tag) {
            next = Next::certificates;
            inside = Inside::encapsulated;
            return BerAction::enter;
        }
        if (next == Next::certificates && tag == der::context_constructed(0)) {
            next = Next::crls;
            inside = Inside::certificates;
            return BerAction::enter;
        }
        if ((next == Next::certificates || next == Next::crls) && tag == der::context_constructed(1)) {
            next = Next::signers;
            return BerAction::skip;
        }
        if (next >= Next::certificates && next <= Next::signers && tag == der::set_tag) {
            next = Next::nothing;
            inside = Inside::signers;
            return BerAction::enter;
        }
        return malformed("SignedData");
    }

    Result<void> field_taken(const BerElement& element, ByteView encoding) override {
        if (element.tag == der::integer_tag) return {};
        if (element.tag == der::set_tag) return announce(encoding);
        if (element.tag == der::oid_tag) {
            context.content_type = to_bytes(encoding);
            const auto oid = der::single(context.content_type, der::oid_tag);
            if (!oid) return oid.error();
            type_text = dotted(*oid);
            return {};
        }
        return inside == Inside::certificates ? add_certificate(encoding, element.length.has_value())
                                              : add_signer(encoding);
    }

    Result<void> announce(ByteView ber) {
        const auto encoding = der::definite(ber);
        if (!encoding) return encoding.error();
        const auto set = der::single(*encoding, der::set_tag);
        if (!set) return set.error();
        std::vector<DigestAlgorithm> algorithms;
        der::Cursor list(set->content);
        for (std::size_t count = 0; !list.at_end(); ++count) {
            if (count == max_announced) return Error(SigningErrc::limit, "number of digest algorithms");
            const auto sequence = list.next(der::sequence_tag);
            if (!sequence) return sequence.error();
            const auto identifier = read_algorithm(*sequence);
            if (!identifier) return identifier.error();
            if (const auto algorithm = digest_algorithm(*identifier)) algorithms.push_back(*algorithm);
        }
        digests.announce(algorithms);
        return {};
    }

    Result<void> add_certificate(ByteView encoding, bool definite) {
        if (context.certificates.size() == max_certificates)
            return Error(SigningErrc::limit, "number of certificates");
        // The issuer signed the encoding: only an outer indefinite length, which DER forbids anyway, is
        // mended.
        const auto der = definite ? Result<Bytes>(to_bytes(encoding)) : der::definite(encoding);
        if (!der) return der.error();
        auto certificate = Certificate::from_der(*der);
        if (!certificate) return certificate.error().wrapped(SigningErrc::malformed, "certificate");
        context.certificates.push_back(std::move(*certificate));
        return {};
    }

    Result<void> add_signer(ByteView encoding) {
        if (signers.size() == max_signers) return Error(SigningErrc::limit, "number of signers");
        auto signer = read_signer_info(encoding);
        if (!signer) return signer.error();
        signers.push_back(std::move(*signer));
        return {};
    }

    Result<void> content(ByteView bytes) override {
        digests.update(bytes);
        if (sink != nullptr) return sink->write(bytes);
        return {};
    }

    Result<void> field_left(std::uint8_t, unsigned) override {
        if (inside == Inside::encapsulated && context.content_type.empty())
            return malformed("content without type");
        if (inside == Inside::explicit_content && !attached) return malformed("content without OCTET STRING");
        return {};
    }

    Result<void> fields_end() override {
        if (next != Next::nothing) return malformed("SignedData without signers");
        return {};
    }

    Result<void> remember(Result<void> outcome) {
        if (!outcome) failed = outcome.error();
        return outcome;
    }
};

SignedDataReader::SignedDataReader(std::vector<Certificate> anchors, Instant at, Sink* content, Sha1 sha1)
    : state_(std::make_unique<State>(std::move(anchors), at, content, sha1)) {}
SignedDataReader::~SignedDataReader() = default;

Result<void> SignedDataReader::write(ByteView cms) {
    if (state_->failed) return *state_->failed;
    return state_->remember(state_->reader.write(cms));
}

Result<void> SignedDataReader::write_content(ByteView content) {
    State& state = *state_;
    if (state.failed) return *state.failed;
    if (state.attached)
        return state.remember(Error(SigningErrc::content_missing, "content given for an attached signature"));
    state.content_given = true;
    state.digests.update(content);
    return {};
}

Result<SignedDataReport> SignedDataReader::finish() {
    State& state = *state_;
    if (state.failed) return *state.failed;
    if (!state.reader.complete()) return Error(SigningErrc::truncated, "SignedData");
    if (!state.attached && !state.content_given)
        return Error(SigningErrc::content_missing, "detached signature without content");
    state.digests.finish(state.context);
    SignedDataReport report;
    report.detached = !state.attached;
    report.content_type = state.type_text;
    report.content_size = state.digests.size();
    for (const SignerInfo& signer : state.signers)
        report.signers.push_back(check_signer(signer, state.context));
    return report;
}

} // namespace mohr::signing
