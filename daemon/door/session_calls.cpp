// SPDX-License-Identifier: Apache-2.0
#include "session_calls.hpp"

#include "overloaded.hpp"
#include <mohr/base/x509.hpp>

namespace mohr::door {

namespace web = protocol::web;
using protocol::Code;

namespace {

void streams_of(const web::Document& document, std::vector<StreamId>& wanted) {
    if (const auto* stream = std::get_if<StreamId>(&document.content)) wanted.push_back(*stream);
}
void streams_of(const web::Content& content, std::vector<StreamId>& wanted) {
    if (const auto* stream = std::get_if<StreamId>(&content)) wanted.push_back(*stream);
}

/// The document's bytes, or nothing where only a digest was given.
std::optional<web::Content> content_of(web::Document& document) {
    if (auto* bytes = std::get_if<Bytes>(&document.content)) return std::move(*bytes);
    if (auto* stream = std::get_if<StreamId>(&document.content)) return *stream;
    return std::nullopt;
}

/// PEM and PKCS#7 are parsed here, so that the core reads bare DER only.
Outcome<Bytes> der_sequence(ByteView given) {
    const auto certificates = read_certificates(given);
    if (!certificates) {
        Failure failure(Code::malformed_data, certificates.error().describe());
        failure.path = "certificate";
        return failure;
    }
    Bytes sequence;
    for (const Certificate& one : *certificates)
        sequence.insert(sequence.end(), one.der().begin(), one.der().end());
    return sequence;
}

/// `content` is there: the streams of a call are looked at first.
std::shared_ptr<Feed> claim(const SessionStreams& streams, web::Content& content) {
    if (auto* bytes = std::get_if<Bytes>(&content)) return std::make_shared<BytesFeed>(std::move(*bytes));
    return streams.upload(std::get<StreamId>(content));
}

} // namespace

std::vector<StreamId> wanted_streams(const web::Call& call) {
    std::vector<StreamId> wanted;
    if (const auto* one = std::get_if<web::SignRaw>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::SignCms>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::EncryptCms>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::DecryptCms>(&call)) streams_of(one->cms, wanted);
    if (const auto* one = std::get_if<web::SignBatch>(&call))
        for (const web::BatchItem& item : one->items) streams_of(item.document, wanted);
    if (const auto* one = std::get_if<web::Verify>(&call)) {
        streams_of(one->cms, wanted);
        if (one->document) streams_of(*one->document, wanted);
    }
    return wanted;
}

Outcome<std::unique_ptr<Work>> make_work(const WorkContext& context, web::Call& call,
                                         const SessionStreams& streams) {
    if (auto claims = streams.check(wanted_streams(call)); !claims) return claims.error();
    const auto document = [&streams](web::Document& from, std::string id = {}) {
        WorkDocument out{std::move(from.name), std::move(from.media_type), std::move(id), nullptr,
                         std::nullopt};
        if (auto content = content_of(from))
            out.feed = claim(streams, *content);
        else
            out.digest = std::move(std::get<web::Digest>(from.content).value);
        return out;
    };
    using Made = Outcome<std::unique_ptr<Work>>;
    const auto plain = [&](link::Request request) -> Made {
        return make_plain_work(context, std::move(request));
    };
    return std::visit(
        Overloaded{
            [&](web::RequestAccess&) { return plain(link::RequestAccess{}); },
            [&](web::SelectCertificate& c) { return plain(link::SelectCertificate{c.purpose}); },
            [&](web::ListCertificates&) { return plain(link::ListCertificates{}); },
            [&](web::Authenticate& c) {
                return plain(link::Authenticate{std::move(c.challenge), std::move(c.certificate),
                                                c.algorithm.scheme, c.algorithm.digest});
            },
            [&](web::GenerateKey& c) {
                return plain(
                    link::GenerateKey{std::move(c.algorithm), std::move(c.subject), std::move(c.label)});
            },
            [&](web::ImportCertificate& c) -> Made {
                auto sequence = der_sequence(c.data);
                if (!sequence) return sequence.error();
                return plain(link::ImportCertificate{std::move(*sequence)});
            },
            [&](web::SignRaw& c) -> Made {
                SignWork work;
                work.format = link::SignFormat::raw;
                work.digest = c.algorithm.digest;
                work.scheme = c.algorithm.scheme;
                work.certificate = std::move(c.certificate);
                work.documents.push_back(document(c.document));
                return make_sign_work(context, std::move(work));
            },
            [&](web::SignCms& c) -> Made {
                SignWork work;
                work.format = link::SignFormat::cms;
                work.digest = c.digest;
                work.certificate = std::move(c.certificate);
                work.signing_time = c.signing_time;
                work.attached = !c.detached;
                work.documents.push_back(document(c.document));
                return make_sign_work(context, std::move(work));
            },
            [&](web::SignBatch& c) -> Made {
                SignWork work;
                work.format = c.format;
                work.batch = true;
                work.digest = c.algorithm.digest;
                work.scheme = c.algorithm.scheme;
                work.certificate = std::move(c.certificate);
                work.signing_time = c.signing_time;
                for (web::BatchItem& item : c.items)
                    work.documents.push_back(document(item.document, std::move(item.id)));
                return make_sign_work(context, std::move(work));
            },
            [&](web::EncryptCms& c) -> Made {
                auto content = content_of(c.document);
                return make_encrypt_work(context,
                                         {claim(streams, *content), std::move(c.recipients), c.as_stream});
            },
            [&](web::DecryptCms& c) -> Made {
                return make_decrypt_work(context, {claim(streams, c.cms), std::move(c.name)});
            },
            [&](web::Verify& c) -> Made {
                VerifyWork work{claim(streams, c.cms), nullptr, std::move(c.anchors)};
                if (c.document) work.document = claim(streams, *c.document);
                return make_verify_work(context, std::move(work));
            },
            [](auto&) -> Made { return Failure(Code::internal_error, "no work behind this call"); },
        },
        call);
}

} // namespace mohr::door
