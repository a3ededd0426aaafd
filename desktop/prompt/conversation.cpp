// SPDX-License-Identifier: Apache-2.0
#include "prompt/conversation.hpp"

#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

#include <QApplication>

namespace mohr::desktop {
namespace {

using nlohmann::json;

Mark mark_of(const json& interface) {
    Mark mark;
    mark.phrase = from_utf8(text_member(interface, "phrase"));
    if (const auto picture = from_base64(text_member(interface, "picture")))
        mark.picture = QByteArray(reinterpret_cast<const char*>(picture->data()),
                                  static_cast<qsizetype>(picture->size()));
    return mark;
}

void take_interface(const json& interface) {
    install_language(language_from_name(from_utf8(text_member(interface, "language"))),
                     QStringLiteral("prompt"));
    apply_appearance(text_member(interface, "theme") == "dark" ? Shade::dark : Shade::light);
}

Previews named(const json& names, std::vector<Descriptor> descriptors) {
    Previews all;
    std::size_t index = 0;
    if (names.is_array())
        for (const auto& name : names)
            if (index < descriptors.size() && name.is_string())
                all.emplace(name.get<std::string>(), std::move(descriptors[index++]));
    return all;
}

std::string text_of(const json& message) {
    return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

Conversation::Conversation(Descriptor socket) : channel_(std::move(socket)) {
    connect(&channel_, &Channel::received, this, &Conversation::take);
    connect(&channel_, &Channel::ended, this, &Conversation::finish);
}

Conversation::~Conversation() = default;

void Conversation::take(const std::string& text) {
    const json message = json::parse(text, nullptr, false);
    if (!message.is_object()) return finish();
    const std::string method = text_member(message, "method");
    const json& params = member(message, "params");
    if (method == "prompt.show") return show(message);
    const bool ours = window_ && number_member(params, "prompt") == window_->prompt().number;
    if (ours && (method == "prompt.settled" || method == "prompt.close")) finish();
}

void Conversation::show(const json& message) {
    const json& params = member(message, "params");
    auto prompt = protocol::decode_prompt(params);
    if (!prompt) return refuse(member(message, "id"), prompt.error().path);
    id_ = text_of(member(message, "id"));
    if (window_ && window_->prompt().same_question(*prompt)) return window_->ask_again(*prompt);
    take_interface(member(params, "interface"));
    window_ = std::make_unique<PromptWindow>(
        std::move(*prompt), named(member(message, "descriptors"), channel_.take_descriptors()),
        mark_of(member(params, "interface")));
    connect(window_.get(), &PromptWindow::answered, this, &Conversation::answer);
    connect(window_.get(), &PromptWindow::on_screen, this, [this] {
        channel_.send(text_of({{"jsonrpc", "2.0"},
                               {"method", "prompt.shown"},
                               {"params", {{"prompt", window_->prompt().number}}}}));
    });
    window_->appear();
}

void Conversation::answer(Answer& answer) {
    if (id_.empty()) return;
    const std::string reply = to_json(answer, std::exchange(id_, {}));
    channel_.send(reply, answer.secrets);
    answer.secrets.clear();
}

void Conversation::refuse(const json& id, const std::string& path) {
    const protocol::CodeRow& row = protocol::row(protocol::Code::invalid_params);
    channel_.send(text_of({{"jsonrpc", "2.0"},
                           {"id", id},
                           {"error",
                            {{"code", row.number},
                             {"message", row.message},
                             {"data", {{"code", row.name}, {"path", path}}}}}}));
}

void Conversation::finish() {
    if (window_) window_->hide();
    QCoreApplication::exit(0);
}

} // namespace mohr::desktop
