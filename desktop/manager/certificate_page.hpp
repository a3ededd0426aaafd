// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_model.hpp"
#include "manager/control_client.hpp"
#include "manager/page.hpp"
#include "manager/parts.hpp"

class QLineEdit;
class QPushButton;
class QStackedLayout;
class QTableView;

namespace mohr::desktop {

class CertificateDetails;
struct KeyRequest;

/// «مدیریت گواهینامه‌ها»: what is on the token, and everything that is done with it. Verb: "new" opens the form for
/// a new key and request.
class CertificatePage final : public Page {
    Q_OBJECT
public:
    explicit CertificatePage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;
    void perform(const QString& verb, const QStringList& arguments) override;

protected:
    void retranslate() override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    [[nodiscard]] QWidget* make_list();
    void make_table();
    void take(const nlohmann::json& key_list);
    void show_empty();
    void show_details(const QString& id);
    void show_list();
    [[nodiscard]] QString selected() const;

    void begin_new_key();
    void request_again(const QString& id);
    void ask_core(const char* method, const nlohmann::json& params,
                  std::function<void(const nlohmann::json&)> on_done);
    void show_request(const nlohmann::json& result);
    void choose_import();
    void import_files(const QStringList& paths);
    void import_next();
    void remove(const QString& id);
    void remove_now(const QString& id);

    CertificateModel* model_;
    CertificateSearch* search_;
    QStackedLayout* stack_;
    QLineEdit* search_field_ = nullptr;
    QPushButton* new_ = nullptr;
    QPushButton* import_ = nullptr;
    QPushButton* open_ = nullptr;
    QTableView* table_ = nullptr;
    QLabel* empty_ = nullptr;
    QLabel* ways_ = nullptr;
    Busy* busy_ = nullptr;
    CertificateDetails* details_ = nullptr;
    ControlClient::RequestId running_ = 0;
    QStringList to_import_;
};

} // namespace mohr::desktop
