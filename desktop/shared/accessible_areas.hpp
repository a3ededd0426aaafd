// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mohr::desktop {

/// Scroll areas as assistive technology sees them: their viewport and nothing else. Qt's own interface counts the
/// visible scroll bars as children and reads past its list (Qt 6.4, QAccessibleAbstractScrollArea::child) when a
/// bar has gone between a screen reader's question for the count and the one for the child. Once, at start.
void install_accessible_areas();

} // namespace mohr::desktop
