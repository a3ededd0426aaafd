// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/cards.hpp"

#include <string>
#include <vector>

class QRadioButton;

namespace mohr::desktop {

/// The certificates, usable ones first, the others greyed with the reason; arrow keys choose.
class CertificatePicker : public Card {
    Q_OBJECT
public:
    CertificatePicker(const protocol::Prompt& prompt, QWidget* parent);
    /// The id of the chosen one; empty while there is none.
    [[nodiscard]] std::string chosen() const;

Q_SIGNALS:
    void changed();

private:
    void add(const protocol::Prompt::Certificate& certificate);

    bool is_list_; ///< shown, not chosen from
    std::vector<std::pair<QRadioButton*, std::string>> choices_;
};

} // namespace mohr::desktop
