// SPDX-License-Identifier: Apache-2.0
// file.* of the control socket: the client opens the files, a worker of the door reads and writes them.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "peer_lookup.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

using State = ControlApi::State;
using Request = State::Request;

constexpr std::size_t max_certificates = 64;
constexpr std::size_t max_certificate_bytes = 64 * 1024;

Failure bad_descriptor(const char* name) {
    Failure failure(Code::invalid_params, "descriptor");
    failure.path = std::string("descriptors.") + name;
    return failure;
}

/// Only files with a size: a pipe or terminal could stop the worker for ever.
bool is_file(const Descriptor& descriptor, int access_needed) {
    struct stat status {};
    const int flags = ::fcntl(descriptor.get(), F_GETFL);
    if (flags < 0 || ::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const int access = flags & O_ACCMODE;
    return access == access_needed || access == O_RDWR;
}

/// Moves the descriptors into the job, in the order of link.hpp: input, then output or content.
std::optional<Failure> take_descriptors(const Request& request, link::FileJob& job,
                                        std::vector<Descriptor>& out) {
    auto& given = request->descriptors;
    Descriptor& input = given.at("input");
    if (!is_file(input, O_RDONLY)) return bad_descriptor("input");
    struct stat status {};
    if (::fstat(input.get(), &status) != 0) return bad_descriptor("input");
    job.size = static_cast<std::uint64_t>(status.st_size);
    out.push_back(std::move(input));
    const char* const second = job.kind == link::JobKind::verify ? "content" : "output";
    const auto found = given.find(second);
    if (found == given.end()) {
        if (job.kind != link::JobKind::verify) return bad_descriptor("output");
        return std::nullopt;
    }
    if (!is_file(found->second, job.kind == link::JobKind::verify ? O_RDONLY : O_WRONLY))
        return bad_descriptor(second);
    job.has_content = job.kind == link::JobKind::verify;
    out.push_back(std::move(found->second));
    return std::nullopt;
}

void forget_job(State& state, link::JobId id) {
    state.jobs.erase(std::remove_if(state.jobs.begin(), state.jobs.end(),
                                    [id](const RunningJob& running) { return running.job == id; }),
                     state.jobs.end());
}

void run(State& state, const Request& request, link::FileJob job, ControlReply reply) {
    std::vector<Descriptor> descriptors;
    if (auto failure = take_descriptors(request, job, descriptors)) return reply(std::move(*failure));
    const std::weak_ptr<State> weak = state.weak_from_this();
    const auto id = std::make_shared<link::JobId>(0);
    DoorHost::JobCallbacks callbacks;
    callbacks.on_progress = [weak, request](std::uint64_t done, std::uint64_t total) {
        const auto self = weak.lock();
        if (!self || self->server == nullptr) return;
        json params{{"done", done}, {"total", total}};
        if (const auto* number = std::get_if<std::int64_t>(&request->id)) params["id"] = *number;
        if (const auto* text = std::get_if<std::string>(&request->id)) params["id"] = *text;
        self->server->notify(request->connection, "progress", params);
    };
    callbacks.on_reply = [weak, id, reply = std::move(reply)](Outcome<std::string> outcome) {
        if (const auto self = weak.lock()) forget_job(*self, *id);
        if (!outcome) return reply(outcome.error());
        json result = json::parse(*outcome, nullptr, false);
        if (result.is_discarded())
            return reply(Failure(Code::internal_error, "the door's result is no JSON"));
        reply(std::move(result));
    };
    *id = state.services.door.start_job(std::move(job), std::move(descriptors),
                                        program_of_process(request->peer), std::move(callbacks));
    state.jobs.push_back({request->connection, request->id, *id});
}

/// 1 to 255 characters of UTF-8, as everywhere.
std::string name_from(ParamReader& params) {
    std::string name = params.text("name", link::max_name_bytes);
    if (name.empty() || !is_utf8(name)) params.wrong("name");
    return name;
}

void sign(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    link::FileJob job;
    job.kind = link::JobKind::sign;
    job.name = name_from(params);
    job.detached = params.flag("detached", true);
    job.signing_time = params.flag("signingTime", true);
    const auto digest = digest_from_name(params.optional_text("digestAlgorithm", 16, "SHA-256"));
    job.certificate = params.optional_text("certificate", 64);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    if (!digest || *digest == DigestAlgorithm::sha1) return reply(Failure(Code::unsupported_algorithm));
    job.digest_algorithm = *digest;
    run(state, request, std::move(job), std::move(reply));
}

void verify(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    link::FileJob job;
    job.kind = link::JobKind::verify;
    job.certificates = params.list_of_bytes("trustAnchors", max_certificates, max_certificate_bytes);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    run(state, request, std::move(job), std::move(reply));
}

void encrypt(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    link::FileJob job;
    job.kind = link::JobKind::encrypt;
    job.name = name_from(params);
    job.certificates = params.list_of_bytes("recipients", max_certificates, max_certificate_bytes);
    const std::string cipher = params.optional_text("cipher", 32, "AES-256-GCM");
    if (job.certificates.empty()) params.wrong("recipients");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    if (cipher != "AES-256-GCM") return reply(Failure(Code::unsupported_algorithm));
    run(state, request, std::move(job), std::move(reply));
}

void decrypt(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    link::FileJob job;
    job.kind = link::JobKind::decrypt;
    job.name = name_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    run(state, request, std::move(job), std::move(reply));
}

} // namespace

std::vector<Method> file_methods() {
    return {{"file.sign", sign, {}, {"input", "output"}},
            {"file.verify", verify, {}, {"input", "content"}},
            {"file.encrypt", encrypt, {}, {"input", "output"}},
            {"file.decrypt", decrypt, {}, {"input", "output"}}};
}

} // namespace mohr::core
