// SPDX-License-Identifier: Apache-2.0
#include "certificate_filter.hpp"
#include "guarded.hpp"
#include "link_recipient.hpp"
#include "operation_checks.hpp"
#include "operation_work.hpp"
#include "token_failures.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/signing/cms_enveloped.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace mohr::core::operation_work {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::Purpose;

namespace {

/// Few enough that the last item of a batch does not keep one thread busy alone.
constexpr std::size_t items_at_once = 4;

token::SignatureScheme to_token(link::Scheme scheme) {
    switch (scheme) {
    case link::Scheme::rsa_pss:
        return token::SignatureScheme::rsa_pss;
    case link::Scheme::ecdsa:
        return token::SignatureScheme::ecdsa;
    case link::Scheme::rsa_pkcs1_v15:
    case link::Scheme::automatic:
        break;
    }
    return token::SignatureScheme::rsa_pkcs1_v15;
}

/// A list of documents under one consent, signed by as many threads as the pool gives.
class Batch : public std::enable_shared_from_this<Batch> {
public:
    Batch(token::Token& token, Job job, Finished finished)
        : token_(token), job_(std::move(job)), sign_(std::get<link::Sign>(job_.request)),
          scheme_(resolved(sign_.scheme, job_.consent.object->algorithm)),
          items_(job_.consent.shown.documents.size()), finished_(std::move(finished)) {}

    void run(Executor& executor) {
        const auto useful = (items_.size() + items_at_once - 1) / items_at_once;
        workers_ = static_cast<unsigned>(std::clamp<std::size_t>(useful, 1, executor.pool_width()));
        const auto others = workers_.load() - 1;
        for (unsigned i = 0; i < others; ++i)
            executor.post_to_pool([self = shared_from_this()] { self->work(); });
        work();
    }

private:
    void work() {
        for (;;) {
            const auto first = next_.fetch_add(items_at_once);
            const auto last = std::min(first + items_at_once, items_.size());
            for (auto i = first; i < last && !failed_.load(); ++i)
                if (auto done = guarded<Outcome<void>>([&] { return sign_one(i); }); !done)
                    fail(done.error());
            if (last >= items_.size() || failed_.load()) break;
        }
        if (workers_.fetch_sub(1) == 1) finish();
    }

    Outcome<void> sign_one(std::size_t index) {
        if (job_.given_up->load()) return Failure(Code::cancelled);
        const auto& document = job_.consent.shown.documents[index];
        auto& item = items_[index];
        auto digest = document.digest;
        if (sign_.format == link::SignFormat::cms) {
            std::optional<Instant> signing_time;
            if (sign_.signing_time) signing_time = job_.now;
            auto attributes =
                signing::signed_attributes(document.digest_algorithm, document.digest,
                                           *job_.consent.object->certificate, signing_time, sign_.attributes);
            if (!attributes) return token_failure(attributes.error());
            item.signed_attributes = std::move(*attributes);
            digest = mohr::digest(document.digest_algorithm, item.signed_attributes);
        }
        auto signature = token_.sign(*job_.proof, job_.consent.object->id, Purpose::sign_document,
                                     to_token(scheme_), document.digest_algorithm, digest);
        if (!signature) return token_failure(signature.error());
        item.signature = std::move(*signature);
        return {};
    }

    void fail(Failure failure) {
        const std::lock_guard lock(failure_mutex_);
        if (!failed_.exchange(true)) failure_ = std::move(failure);
    }

    void finish() {
        if (failed_.load()) return finished_(std::move(failure_));
        link::Signed answer;
        answer.scheme = scheme_;
        answer.digest_algorithm = job_.consent.shown.documents.front().digest_algorithm;
        answer.items = std::move(items_);
        finished_(Done{std::move(answer), std::move(job_.consent.object)});
    }

    token::Token& token_;
    Job job_;
    const link::Sign& sign_;
    link::Scheme scheme_;
    std::vector<link::SignedItem> items_;
    Finished finished_;
    std::atomic<std::size_t> next_{0};
    std::atomic<unsigned> workers_{1};
    std::atomic<bool> failed_{false};
    std::mutex failure_mutex_;
    Failure failure_;
};

class Performer {
public:
    Performer(token::Token& token, Job& job) : token_(token), job_(job) {}

    Outcome<Done> operator()(const link::Authenticate& login) {
        const auto& object = *job_.consent.object;
        const auto& origin = job_.consent.shown.origin;
        const auto scheme = resolved(login.scheme, object.algorithm);
        const auto statement = login_statement(origin, login.challenge);
        auto signature = token_.sign(*job_.proof, object.id, Purpose::authenticate, to_token(scheme),
                                     login.digest_algorithm, mohr::digest(login.digest_algorithm, statement));
        if (!signature) return token_failure(signature.error());
        link::Authenticated answer;
        answer.scheme = scheme;
        answer.digest_algorithm = login.digest_algorithm;
        answer.signature = std::move(*signature);
        answer.origin = origin;
        return Done{std::move(answer), object};
    }

    /// Every failure behind the choice of the recipient is one code (T21).
    Outcome<Done> operator()(const link::Decrypt& decrypt) {
        const auto& object = *job_.consent.object;
        Failure failure(Code::not_a_recipient);
        for (const auto& recipient : decrypt.recipients) {
            const auto named = to_signing(recipient);
            if (!named.fits(*object.certificate)) continue;
            auto key =
                std::visit([&](const auto& wrapped) { return unwrap(object, decrypt, wrapped); }, named.key);
            if (key && key->size() == decrypt.content_key_size)
                return Done{link::Decrypted{std::move(*key)}, std::nullopt};
            failure =
                !key && decides_alone(key.error().code) ? key.error() : Failure(Code::decryption_failed);
        }
        return failure;
    }

    Outcome<Done> operator()(const link::GenerateKey& generate) {
        const auto algorithm = key_algorithm_from_name(generate.algorithm);
        if (!algorithm) return Failure(Code::unsupported_algorithm);
        auto object = token_.generate_key(*job_.proof, *algorithm, generate.label);
        if (!object) return token_failure(object.error());
        std::vector<token::AlternativeName> names;
        for (const auto& name : generate.names)
            names.push_back({static_cast<token::AlternativeName::Kind>(name.kind), name.value});
        auto request = token_.certification_request(*job_.proof, object->id, generate.subject, names);
        if (!request) {
            auto failure = token_failure(request.error());
            // A key without its request is of no use to anybody.
            (void)token_.remove(*job_.proof, object->id);
            if (failure.code == Code::malformed_data) {
                failure.code = Code::invalid_params;
                failure.path =
                    failure.detail.find("alternative name") == std::string::npos ? "subject" : "names";
            }
            return failure;
        }
        Done done{link::Generated{object->id.text(), std::move(*request)}, std::nullopt, object->id, {}};
        done.undo = [&token = token_, proof = job_.proof, id = object->id]() -> Outcome<void> {
            if (auto removed = token.remove(*proof, id); !removed) return token_failure(removed.error());
            return {};
        };
        return done;
    }

    Outcome<Done> operator()(const link::ImportCertificate&) {
        auto object =
            token_.import_certificate(*job_.proof, job_.certificates, token::CertificateState::active);
        if (!object) {
            auto failure = token_failure(object.error());
            if (failure.code == Code::not_found) failure.code = Code::certificate_not_found;
            return failure;
        }
        const auto id = object->id;
        return Done{link::Imported{}, std::move(*object), {}, id};
    }

    /// Every failure but those of the certificate itself is one code (T21).
    Outcome<Done> operator()(const link::DecryptBlock& decrypt) {
        token::RsaUnwrap how = token::RsaPkcs1{0};
        if (decrypt.oaep) how = token::RsaOaep{decrypt.digest, decrypt.mgf1};
        auto content = token_.unwrap(*job_.proof, job_.consent.object->id, how, decrypt.block);
        if (content) return Done{link::Decrypted{std::move(*content)}, std::nullopt};
        auto failure = token_failure(content.error());
        return decides_alone(failure.code) ? failure : Failure(Code::decryption_failed);
    }

    Outcome<Done> operator()(const link::RequestCertificate&) {
        auto request = token_.certification_request(*job_.proof, job_.consent.object->id,
                                                    job_.consent.shown.key_subject);
        if (!request) return token_failure(request.error());
        return Done{link::Generated{{}, std::move(*request)}, std::nullopt};
    }

    Outcome<Done> operator()(const link::RemoveKey& remove) {
        const auto id = token::KeyId::from_text(remove.key_id);
        if (!id) return Failure(Code::certificate_not_found);
        return removed(*id);
    }
    Outcome<Done> operator()(const link::RemoveCertificate&) { return removed(job_.consent.object->id); }

    Outcome<Done> operator()(const link::ChangePin&) {
        const auto done = token_.change_pin(std::move(*job_.proof), std::move(*job_.new_pin),
                                            {job_.confirmed, job_.confirmed});
        if (!done) return token_failure(done.error());
        return Done{link::Completed{}, std::nullopt};
    }
    Outcome<Done> operator()(const link::UnblockPin&) {
        const auto done = token_.unblock_user(std::move(*job_.proof), std::move(*job_.new_pin),
                                              {job_.confirmed, job_.confirmed});
        if (!done) return token_failure(done.error());
        return Done{link::Completed{}, std::nullopt};
    }
    /// A filter that the file does not fit leaves its key on the token: the person brought it.
    Outcome<Done> operator()(const link::ImportFile& import) {
        const auto filter = CertificateFilter::from(import.filter);
        if (!filter) return filter.error();
        auto object = token_.import_pkcs12(*job_.proof, job_.file, std::move(*job_.password));
        if (!object) return token_failure(object.error());
        if (!filter->matches(*object->certificate)) return Failure(Code::certificate_not_found);
        return Done{link::Imported{}, std::move(*object)};
    }

    template <class T>
    Outcome<Done> operator()(const T&) {
        return Failure(Code::internal_error, "this operation uses no key");
    }

private:
    Outcome<Done> removed(const token::KeyId& id) {
        if (const auto done = token_.remove(*job_.proof, id); !done) return token_failure(done.error());
        return Done{link::Completed{}, std::nullopt, {}, id};
    }

    static bool decides_alone(Code code) noexcept {
        return code == Code::key_usage || code == Code::certificate_unusable ||
               code == Code::storage_failed || code == Code::internal_error;
    }

    Outcome<Secret> unwrap(const token::TokenObject& object, const link::Decrypt& decrypt,
                           const signing::RsaRecipient& wrapped) {
        token::RsaUnwrap how = token::RsaPkcs1{decrypt.content_key_size};
        if (wrapped.oaep) how = token::RsaOaep{wrapped.oaep_digest, wrapped.oaep_mgf1};
        auto key = token_.unwrap(*job_.proof, object.id, how, wrapped.encrypted_key);
        if (!key) return token_failure(key.error());
        return std::move(*key);
    }

    Outcome<Secret> unwrap(const token::TokenObject& object, const link::Decrypt&,
                           const signing::EcRecipient& wrapped) {
        auto shared = token_.agree(*job_.proof, object.id, wrapped.originator_public_key);
        if (!shared) return token_failure(shared.error());
        auto key = signing::ec_content_key(wrapped, *shared);
        if (!key) return Failure(Code::decryption_failed, key.error().describe());
        return std::move(*key);
    }

    token::Token& token_;
    Job& job_;
};

} // namespace

Bytes login_statement(std::string_view origin, ByteView challenge) {
    Bytes statement = to_bytes(as_bytes(operation_checks::login_context));
    for (const auto& part :
         {digest(DigestAlgorithm::sha256, as_bytes(origin)), digest(DigestAlgorithm::sha256, challenge)})
        statement.insert(statement.end(), part.begin(), part.end());
    return statement;
}

bool is_quick(const token::Token& token, const Job& job) noexcept {
    const bool few = job.consent.shown.documents.size() <= items_at_once;
    return few && std::holds_alternative<link::Sign>(job.request) && job.consent.object &&
           token.signs_at_once(*job.consent.object);
}

void perform(Executor& executor, token::Token& token, Job job, Finished finished) {
    if (job.given_up->load()) return finished(Failure(Code::cancelled));
    if (std::holds_alternative<link::Sign>(job.request)) {
        std::make_shared<Batch>(token, std::move(job), std::move(finished))->run(executor);
        return;
    }
    const auto request = std::move(job.request);
    finished(guarded<Outcome<Done>>([&] { return std::visit(Performer(token, job), request); }));
}

} // namespace mohr::core::operation_work
