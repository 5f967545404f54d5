// At a kiosk: my papers under the centre's seal, each printed once; and a certificate of contributions made on the spot.

import * as api from "../api.js";
import {
  ISSUE_CERTIFICATE_TO_PRINT, PRINT_PAPER, PRINTABLE_PAPERS, REPORT_PRINT,
} from "../documents_kiosk.js";
import { dateTime } from "../format.js";
import { isKiosk, leave, offers, toPrinter } from "../kiosk.js";
import { button, el, empty, fill, icon, notice, section, sentence } from "../ui.js";

const OUTCOMES = {
  PRINTED: "打印完成，请取走纸张和证件。",
  NO_PAPER: "打印机缺纸，没有打印完成，工作人员会看到提示。您可以稍后重新打印，或使用其他终端。",
  JAM: "打印机卡纸，没有打印完成，工作人员会看到提示。请使用其他终端，或联系现场人员。",
  FAULT: "打印机没有响应，没有打印完成，工作人员会看到提示。请使用其他终端，或到柜台打印。",
};

export async function showPapers(main) {
  const { printablePapers, accounts } = await api.query(PRINTABLE_PAPERS);
  new Papers(main, accounts).draw(printablePapers);
}

class Papers {
  #certificateKeys = new api.RequestKeys();

  constructor(main, accounts) {
    Object.assign(this, { main, accounts });
    this.told = el("div", {});
  }

  draw(papers) {
    const certificates = offers(ISSUE_CERTIFICATE_TO_PRINT) ? this.accounts : [];
    fill(
      this.main,
      el("h1", { class: "page-title", text: "打印文书" }),
      el("p", { class: "quiet", text: "文书加盖中心电子印章，每份只能自助打印一次；没有打印完成的可以重新打印。" }),
      this.told,
      section("可打印的文书", papers.length
        ? el("ul", { class: "rows" }, papers.map((paper) => this.row(paper)))
        : empty("没有可打印的文书", "办理业务后的受理通知书、回单等会显示在这里。")),
      certificates.length > 0 && section("开具缴存证明", el("ul", { class: "rows" },
        certificates.map((account) => this.certificate(account)))),
    );
  }

  row(paper) {
    const keys = new api.RequestKeys();
    const times = paper.prints && `${dateTime(paper.lastAt)} 第${paper.prints}次打印`;
    return el("li", { class: "row" },
      el("span", { class: "row-main" },
        el("span", { class: "row-title", text: paper.title }),
        el("span", { class: "quiet small", text: paper.about }),
        times && el("span", { class: "quiet small", text: `${paper.stateName}（${times}）` })),
      paper.state === "printed"
        ? el("span", { class: "pill pill-quiet", text: "已打印" })
        : button(paper.state === "unfinished" ? "重新打印" : "打印", () => this.print(paper, keys),
          { kind: "secondary", busyLabel: "正在打印…" }));
  }

  certificate({ accountNo, employerName }) {
    const issue = async () => {
      try {
        const { paper } = await api.mutate(ISSUE_CERTIFICATE_TO_PRINT, { accountNo }, this.#certificateKeys);
        const { printablePapers } = await api.query(PRINTABLE_PAPERS);
        this.draw(printablePapers);
        this.tell("good", `${paper.title}已开具，请在上方点“打印”。`);
      } catch (error) {
        this.tell("refusal", sentence(error));
      }
    };
    return el("li", { class: "row" },
      el("span", { class: "row-main" }, el("span", { class: "row-title", text: "住房公积金缴存证明" }),
        el("span", { class: "quiet small", text: employerName })),
      button("开具", issue, { kind: "secondary", busyLabel: "正在开具…" }));
  }

  async print(paper, keys) {
    fill(this.told);
    try {
      const { print } = await api.mutate(PRINT_PAPER, { paper: paper.paper }, keys);
      const outcome = await toPrinter(print.content);
      const { paperNo, count } = print;
      const { papers } = await api.mutate(REPORT_PRINT, { paperNo, count, outcome });
      this.draw(papers);
      this.tell(outcome === "PRINTED" ? "good" : "trouble", OUTCOMES[outcome]);
    } catch (error) {
      const { printablePapers } = await api.query(PRINTABLE_PAPERS).catch(() => ({}));
      if (printablePapers) this.draw(printablePapers);
      this.tell("refusal", sentence(error));
    }
  }

  tell(kind, text) {
    fill(this.told, notice(kind, el("p", { text })),
      kind === "good" && button("办理完毕，退出", leave, { kind: "secondary" }));
    this.told.scrollIntoView({ block: "center" });
  }
}

/** The way here, on the home page of a kiosk. */
export function papersLink() {
  return isKiosk && offers(PRINTABLE_PAPERS) && el("a", { class: "more", href: "#/papers" }, "打印文书 · 缴存证明", icon("next"));
}
