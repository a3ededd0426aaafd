// SPDX-License-Identifier: Apache-2.0
#include "prompt.hpp"

namespace mohr::core {

std::string_view prompt_kind_name(PromptKind kind) noexcept {
    switch (kind) {
    case PromptKind::access:
        return "access";
    case PromptKind::listing:
        return "listing";
    case PromptKind::select:
        return "select";
    case PromptKind::sign:
        return "sign";
    case PromptKind::authenticate:
        return "authenticate";
    case PromptKind::decrypt:
        return "decrypt";
    case PromptKind::generate:
        return "generate";
    case PromptKind::import:
        return "import";
    case PromptKind::request:
        return "request";
    case PromptKind::remove_key:
        return "remove_key";
    case PromptKind::remove_certificate:
        return "remove_certificate";
    case PromptKind::change_pin:
        return "change_pin";
    case PromptKind::unblock_pin:
        return "unblock_pin";
    case PromptKind::import_file:
        return "import_file";
    case PromptKind::initialise:
        return "initialise";
    case PromptKind::reset:
        return "reset";
    case PromptKind::reset_blocked:
        return "reset_blocked";
    case PromptKind::change_admin_pin:
        return "change_admin_pin";
    case PromptKind::set_label:
        return "set_label";
    case PromptKind::verify_pin:
        return "verify_pin";
    case PromptKind::mark:
        return "mark";
    }
    return "";
}

std::string_view prompt_end_name(PromptEnd end) noexcept {
    switch (end) {
    case PromptEnd::gone:
        return "gone";
    case PromptEnd::cancelled:
        return "cancelled";
    case PromptEnd::deadline:
        return "deadline";
    case PromptEnd::stopping:
        return "stopping";
    }
    return "";
}

} // namespace mohr::core
