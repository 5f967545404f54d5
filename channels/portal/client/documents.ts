// Written by `./dev documents write` from the schema and the .graphql files of this service; do not edit.
// The client sends identifiers: the service runs the registered text and no other.

/** A registered operation: what it takes and what it answers. */
export interface Operation<Kind extends "query" | "mutation" | "subscription", Data, Variables> {
  readonly kind: Kind;
  readonly name: string;
  readonly id: string;
  /** Never there: it carries the types. */
  readonly types?: (variables: Variables) => Data;
}

/** 登记银行卡 · adds a card of an entrusted bank in the caller's own name */
export interface AddBankCardInput {
  /** 银行代码 · code of the entrusted bank */
  readonly bankCode: string;
  /** 卡号 · number, 12 to 19 digits */
  readonly cardNo: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 答复协商 · what the person says to a negotiation or a refusal */
export interface AnswerTransferInput {
  /** 转移全局编号 · global id of the transfer */
  readonly id: string;
  /** 说明 · 4 to 200 characters */
  readonly statement: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 对名单记录申诉 · why the caller thinks that a record is wrong */
export interface AppealRiskRecordInput {
  /** 记录编号 · id of the record */
  readonly id: string;
  /** 申诉理由 · 10 to 1000 characters */
  readonly statement: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 销户提取申请 · application to close the account */
export interface ApplyForClosureWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 证明文件编号 · document that proves it */
  readonly documentNo?: string | null;
  /** 离职（事由发生）日期 · when it happened */
  readonly leftOn?: DateText | null;
  /** 被继承人姓名 · name of the deceased */
  readonly deceasedName?: string | null;
  /** 被继承人证件号码 · document number of the deceased */
  readonly deceasedDocumentNo?: string | null;
  /** 继承（受遗赠）份额 · share in percent, as `33.33` */
  readonly sharePercent?: string | null;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 试办 · run everything, leave nothing behind; answers no case */
  readonly dryRun?: boolean;
}

/** 费用类提取申请 · application for a withdrawal that pays a fee */
export interface ApplyForExpenseWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 授权与承诺 · authorisation and commitment */
  readonly commitment: boolean;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 房屋坐落 · address of the home */
  readonly address?: string | null;
  /** 不动产权证书号 · title certificate */
  readonly certificateNo?: string | null;
  /** 维修资金类别代码 · `commodity`, `public`; of a deposit into the maintenance fund */
  readonly fundHome?: string | null;
  /** 已付（应付）金额 · what was paid or is due */
  readonly ownPayment?: Money | null;
  /** 发票或交款通知号码 · invoice or notice */
  readonly invoiceNo?: string | null;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 试办 · run everything, leave nothing behind; answers no case */
  readonly dryRun?: boolean;
}

/** 住房类提取申请 · application for a withdrawal about a home */
export interface ApplyForHomeWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 授权与承诺 · authorisation and commitment */
  readonly commitment: boolean;
  /** 提取频率 · how often it is paid */
  readonly frequency?: WithdrawalFrequency;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 房屋坐落 · address of the home */
  readonly address?: string | null;
  /** 购房合同编号 · net-signed contract */
  readonly contractNo?: string | null;
  /** 不动产权证书号 · title certificate */
  readonly certificateNo?: string | null;
  /** 房屋类型代码 · `new`, `second_hand`, `shared` */
  readonly homeKind?: string | null;
  /** 总价或费用 · price or cost of the whole */
  readonly cost?: Money | null;
  /** 已付金额 · what was paid */
  readonly ownPayment?: Money | null;
  /** 发票号码 · number of the invoice */
  readonly invoiceNo?: string | null;
  /** 借款合同编号 · loan contract */
  readonly loanContractNo?: string | null;
  /** 协议编号 · resettlement agreement */
  readonly agreementNo?: string | null;
  /** 批准文件编号 · approval of the works */
  readonly approvalNo?: string | null;
  /** 工程类型代码 · `overhaul`, `rebuilding`, `self_building` */
  readonly works?: string | null;
  /** 改造内容代码 · `building`, `lift`, `dilapidated` */
  readonly renovationWorks?: string | null;
  /** 与产权人关系代码 · `owner`, `spouse`, `parent`, `child` */
  readonly relation?: string | null;
  /** 申请提取总额 · how much is wanted in all; all that is left when not given */
  readonly amountWanted?: Money | null;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 试办 · run everything, leave nothing behind; answers no case */
  readonly dryRun?: boolean;
}

/** 租房提取申请 · application for a rent withdrawal */
export interface ApplyForRentWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 提取频率 · how often it is paid */
  readonly frequency: WithdrawalFrequency;
  /** 到期自动接续 · consent to renewal after a year */
  readonly autoRenewal: boolean;
  /** 无房承诺 · the commitment that takes the place of proof */
  readonly commitment: boolean;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 租房备案编号 · number of the rental filing; voluntary without a home */
  readonly rentalFilingNo?: string | null;
  /** 月租金 · rent a month */
  readonly monthlyRent?: Money | null;
  /** 租金发票号码 · number of the rent invoice */
  readonly invoiceNo?: string | null;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 试办 · run everything, leave nothing behind; answers no case */
  readonly dryRun?: boolean;
}

/** 异地转入申请 · asks for the money of the caller's account in another city */
export interface ApplyForTransferInInput {
  /** 转出地中心代码 · code of the centre, see `transferCentres` */
  readonly otherCentre: string;
  /** 转出地个人账号 · the caller's account there */
  readonly otherAccount: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 试办 · judge everything, leave nothing behind */
  readonly dryRun?: boolean;
}

/** 提取约定操作 · names the arrangement */
export interface ArrangementInput {
  /** 约定全局编号 · global id of the arrangement */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 撤销申请 · the applicant takes the application back */
export interface CancelCaseInput {
  /** 办件全局编号 · global id of the case */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 撤销转入 · takes the application back, while the other centre has not received it */
export interface CancelTransferInput {
  /** 转移全局编号 · global id of the transfer */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 变更提取约定 · what is to be different from the next payment on */
export interface ChangeArrangementInput {
  /** 约定全局编号 · global id of the arrangement */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 提取频率 · frequency */
  readonly frequency?: WithdrawalFrequency | null;
  /** 收款银行卡 · card */
  readonly cardId?: string | null;
  /** 到期自动接续 · consent to renewal */
  readonly autoRenewal?: boolean | null;
  /** 约定总额 · what is to be paid in all */
  readonly amountWanted?: Money | null;
}

/** 变更手机号码 · change the phone that messages go to */
export interface ChangeMobileInput {
  /** 新手机号码 · new mobile number */
  readonly mobile: string;
  /** 验证码 · code that `sendPhoneCode` sent to it */
  readonly code: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 选择收款银行卡 · choose the card that money goes to */
export interface ChoosePayeeCardInput {
  /** 银行卡全局编号 · global id of the card */
  readonly cardId: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 销户提取申请内容 · what is declared to close the account */
export interface ClosureWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 证明文件编号 · document that proves it */
  readonly documentNo?: string | null;
  /** 离职（事由发生）日期 · when it happened */
  readonly leftOn?: DateText | null;
  /** 被继承人姓名 · name of the deceased */
  readonly deceasedName?: string | null;
  /** 被继承人证件号码 · document number of the deceased */
  readonly deceasedDocumentNo?: string | null;
  /** 继承（受遗赠）份额 · share in percent, as `33.33` */
  readonly sharePercent?: string | null;
}

/** 补正 · the applicant answers what was asked to be corrected, and hands in again */
export interface CorrectCaseInput {
  /** 办件全局编号 · global id of the case */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 补正说明 · 4 to 1000 characters */
  readonly statement: string;
  /** 更正项目 · fields of the form that are corrected; all is checked anew */
  readonly fields?: ReadonlyArray<CorrectedFieldInput>;
}

/** 更正项目 · one field of the form and what is written there now */
export interface CorrectedFieldInput {
  /** 输入字段 · field of the input as `WithdrawalField.name` names it, `spouseName`, `spouseDocumentNo` */
  readonly name: string;
  /** 内容 · text, an amount in yuan as `1234.50`, a day, a code; blank to declare it no longer */
  readonly value: string;
}

/** 日期 · date, "2026-11-23" */
export type DateText = string;

/** 时间 · instant with its offset, "2026-11-23T09:30:00.000+08:00" */
export type DateTimeText = string;

/** 收支方向 · direction of an entry */
export type EntrySide =
  /** 收入 · the balance grows */
  | "IN"
  /** 支出 · the balance shrinks */
  | "OUT";

/** 受邀评价 · an evaluation by a one-time code */
export interface EvaluateByInvitationInput {
  /** 评价码 · the one-time code */
  readonly code: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 评价等级（5 非常满意至 1 非常不满意） · grade, 5 the best, 1 the worst */
  readonly grade: number;
  /** 评价内容 · at most 500 characters */
  readonly comment?: string | null;
  /** 评价指标 · codes of indicators */
  readonly tags?: ReadonlyArray<string>;
}

/** 评价 · evaluation of a finished case (好差评) */
export interface EvaluateCaseInput {
  /** 办件全局编号 · global id of the case */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
  /** 评价等级 · grade: 5 非常满意 … 1 非常不满意 */
  readonly grade: number;
  /** 评价内容 · at most 500 characters */
  readonly comment?: string | null;
  /** 评价标签 · tags */
  readonly tags?: ReadonlyArray<string>;
}

/** 评价异地转移 · an opinion of a transfer that has ended */
export interface EvaluateTransferInput {
  /** 转移全局编号 · global id of the transfer */
  readonly id: string;
  /** 评价等级 · grade: 5 非常满意 … 1 非常不满意 */
  readonly grade: number;
  /** 评价内容 · at most 500 characters */
  readonly comment?: string | null;
  /** 评价指标 · codes of indicators */
  readonly tags?: ReadonlyArray<string>;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 费用类提取申请内容 · what is declared to pay a fee of a home */
export interface ExpenseWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 授权与承诺 · authorisation and commitment */
  readonly commitment: boolean;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 房屋坐落 · address of the home */
  readonly address?: string | null;
  /** 不动产权证书号 · title certificate */
  readonly certificateNo?: string | null;
  /** 维修资金类别代码 · `commodity`, `public`; of a deposit into the maintenance fund */
  readonly fundHome?: string | null;
  /** 已付（应付）金额 · what was paid or is due */
  readonly ownPayment?: Money | null;
  /** 发票或交款通知号码 · invoice or notice */
  readonly invoiceNo?: string | null;
}

/** 查询实人核验结果 · ask what became of a face check */
export interface FinishFaceCheckInput {
  /** 核验全局编号 · global id of the check */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 委托第三方 · let a third party act for the caller */
export interface GiveDelegationInput {
  /** 第三方代码 · code of the third party */
  readonly party: string;
  /** 用途代码 · code of the purpose */
  readonly purpose: string;
  /** 可否代为办理 · whether it may act, or only read */
  readonly mayChange?: boolean;
  /** 截止日期 · the last day, at most a year from now */
  readonly endsOn: DateText;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 住房类提取申请内容 · what is declared to buy, build, renovate or repay a home */
export interface HomeWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 授权与承诺 · authorisation and commitment */
  readonly commitment: boolean;
  /** 提取频率 · how often it is paid */
  readonly frequency?: WithdrawalFrequency;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 房屋坐落 · address of the home */
  readonly address?: string | null;
  /** 购房合同编号 · net-signed contract */
  readonly contractNo?: string | null;
  /** 不动产权证书号 · title certificate */
  readonly certificateNo?: string | null;
  /** 房屋类型代码 · `new`, `second_hand`, `shared` */
  readonly homeKind?: string | null;
  /** 总价或费用 · price or cost of the whole */
  readonly cost?: Money | null;
  /** 已付金额 · what was paid */
  readonly ownPayment?: Money | null;
  /** 发票号码 · number of the invoice */
  readonly invoiceNo?: string | null;
  /** 借款合同编号 · loan contract */
  readonly loanContractNo?: string | null;
  /** 协议编号 · resettlement agreement */
  readonly agreementNo?: string | null;
  /** 批准文件编号 · approval of the works */
  readonly approvalNo?: string | null;
  /** 工程类型代码 · `overhaul`, `rebuilding`, `self_building` */
  readonly works?: string | null;
  /** 改造内容代码 · `building`, `lift`, `dilapidated` */
  readonly renovationWorks?: string | null;
  /** 与产权人关系代码 · `owner`, `spouse`, `parent`, `child` */
  readonly relation?: string | null;
  /** 申请提取总额 · how much is wanted in all; all that is left when not given */
  readonly amountWanted?: Money | null;
}

/** 申请缴存证明 · a certificate of one of the caller's own accounts */
export interface IssueContributionCertificateInput {
  /** 个人账号 · account number */
  readonly accountNo: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 标记已读 · everything up to this notice is read */
export interface MarkNoticesReadInput {
  /** 通知编号 · the newest notice that was read */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 金额（元）· amount in yuan as a decimal string with two decimals, "1234.56" */
export type Money = string;

/** 停用银行卡 · takes a card out of use */
export interface RemoveBankCardInput {
  /** 银行卡 · id of the card */
  readonly cardId: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 租房提取申请内容 · what the applicant of a rent withdrawal declares */
export interface RentWithdrawalInput {
  /** 收款银行卡 · id of the card to be paid to */
  readonly cardId: string;
  /** 提取频率 · how often it is paid */
  readonly frequency: WithdrawalFrequency;
  /** 到期自动接续 · consent to renewal after a year */
  readonly autoRenewal: boolean;
  /** 无房承诺 · the commitment that takes the place of proof */
  readonly commitment: boolean;
  /** 配偶姓名 · spouse's name */
  readonly spouseName?: string | null;
  /** 配偶证件号码 · spouse's document number */
  readonly spouseDocumentNo?: string | null;
  /** 租房备案编号 · number of the rental filing; voluntary without a home */
  readonly rentalFilingNo?: string | null;
  /** 月租金 · rent a month */
  readonly monthlyRent?: Money | null;
  /** 租金发票号码 · number of the rent invoice */
  readonly invoiceNo?: string | null;
}

/** 撤回委托 · take a delegation back; its tokens end at once */
export interface RevokeDelegationInput {
  /** 委托编号 · its reference */
  readonly reference: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 保存草稿 · keep what was filled in, or throw it away with an empty content */
export interface SaveDraftInput {
  /** 事项编码 · code of the service item, as C20 */
  readonly item: string;
  /** 内容 · the page's own, at most 4,000 characters */
  readonly content: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 发送消息 · a message to the centre */
export interface SendMessageInput {
  /** 内容 · 1 to 500 characters; no document numbers, no codes */
  readonly text: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 获取手机验证码 · have a code sent to a new phone */
export interface SendPhoneCodeInput {
  /** 新手机号码 · new mobile number */
  readonly mobile: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 退出一台设备 · log out on one device */
export interface SignOutDeviceInput {
  /** 设备全局编号 · global id of the device */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 退出全部设备 · log out everywhere */
export interface SignOutEverywhereInput {
  /** 保留本设备 · stay logged in here */
  readonly keepThis?: boolean;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 发起实人核验 · start a face check */
export interface StartFaceCheckInput {
  /** 核验凭据 · from the refusal's `stepUp` */
  readonly challenge: string;
  /** 设备信息 · MetaInfo of the service's SDK */
  readonly metaInfo?: string;
  /** 完成后返回的路径 · path of ours to come back to */
  readonly returnTo?: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 环节进度 · how far a step is */
export type StepState =
  /** 已完成 · done */
  | "DONE"
  /** 办理中 · where the case stands */
  | "CURRENT"
  /** 待办理 · still to come */
  | "WAITING"
  /** 未经过 · not passed through */
  | "SKIPPED";

/** 解除关联 · take a linked account away */
export interface UnlinkIdentityInput {
  /** 账号全局编号 · global id of the linked account */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-` */
  readonly requestKey: string;
}

/** 撤回申诉 · names the record whose waiting appeal is taken back */
export interface WithdrawRiskAppealInput {
  /** 记录编号 · id of the record */
  readonly id: string;
  /** 请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same */
  readonly requestKey: string;
}

/** 提取频率 · how often it is paid */
export type WithdrawalFrequency =
  /** 一次性 · once */
  | "ONCE"
  /** 按月 · once a month */
  | "MONTHLY"
  /** 按季 · once a quarter, three months together */
  | "QUARTERLY"
  /** 按半年 · once in six months */
  | "SEMIANNUAL"
  /** 按年 · once a year */
  | "ANNUAL";

/** 年月 · month, "2026-11" */
export type YearMonth = string;

export interface AccountEntriesData {
  /** 按全局编号查询 · an object by its global id; null unless the caller may see it */
  readonly node: ({
    readonly entries?: undefined;
  } | {
    /** 账户明细，最新的在前 · entries, the newest first; `first` at most 100 */
    readonly entries: {
      /** 本页各条 · the entries of this page */
      readonly edges: ReadonlyArray<{
        /** 内容 · the object */
        readonly node: {
          /** 全局编号 · global id */
          readonly id: string;
          /** 业务类型 · kind of business */
          readonly kindName: string;
          /** 收支方向 · direction */
          readonly side: EntrySide;
          /** 发生额 · amount */
          readonly amount: Money;
          /** 变动后余额 · balance after */
          readonly balanceAfter: Money;
          /** 记账日期 · date of booking */
          readonly businessDate: DateText;
          /** 摘要 · summary */
          readonly summary: string;
        };
      }>;
      /** 页码信息 · where this page stands */
      readonly pageInfo: {
        /** 是否还有下一页 · whether more follow */
        readonly hasNextPage: boolean;
        /** 本页末位置 · give it as `after` for the next page */
        readonly endCursor: string | null;
      };
    };
  }) | null;
}

export interface AccountEntriesVariables {
  readonly account: string;
  readonly first: number;
  readonly after?: string | null;
}

/** 按全局编号查询 · an object by its global id; null unless the caller may see it */
export const AccountEntries: Operation<"query", AccountEntriesData, AccountEntriesVariables> = {
  kind: "query",
  name: "AccountEntries",
  id: "sha256:e484b13e9827a09e34737450b43b3e006e86c70ef2f576512b8dc8b6e3e76797",
};

export interface AddBankCardData {
  /** 登记银行卡 · add a card of an entrusted bank */
  readonly addBankCard: {
    /** 银行卡 · cards, the chosen one first */
    readonly cards: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 开户银行 · bank */
      readonly bankName: string;
      /** 是否受托银行 · whether the centre pays to this bank */
      readonly bankEntrusted: boolean;
      /** 卡号（脱敏）· masked number */
      readonly cardNoMasked: string;
      /** 是否默认卡 · whether it is the default */
      readonly isDefault: boolean;
    }>;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface AddBankCardVariables {
  readonly input: AddBankCardInput;
}

/** 登记银行卡 · add a card of an entrusted bank */
export const AddBankCard: Operation<"mutation", AddBankCardData, AddBankCardVariables> = {
  kind: "mutation",
  name: "AddBankCard",
  id: "sha256:c90188b4a8355458fd2b986805d003d259ab6f4ce9f2c48c6ba321d15cceb062",
};

export interface AnswerTransferData {
  /** 答复协商 · say something to a negotiation or a refusal */
  readonly answerTransfer: {
    /** 异地转移 · the transfer; null when refused or rehearsed */
    readonly transfer: {
      /** 全局编号 · global id */
      readonly id: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface AnswerTransferVariables {
  readonly input: AnswerTransferInput;
}

/** 答复协商 · say something to a negotiation or a refusal */
export const AnswerTransfer: Operation<"mutation", AnswerTransferData, AnswerTransferVariables> = {
  kind: "mutation",
  name: "AnswerTransfer",
  id: "sha256:8e072a8ec2f00c3b54c74345712222436e8f7627fc9b74aa9e8d1e2dbdd82040",
};

export interface AppealRiskRecordData {
  /** 对名单记录申诉 · appeal against a record about the caller */
  readonly appealRiskRecord: {
    /** 名单记录 · the record; null when refused */
    readonly record: {
      /** 编号 · what an appeal names */
      readonly id: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface AppealRiskRecordVariables {
  readonly input: AppealRiskRecordInput;
}

/** 对名单记录申诉 · appeal against a record about the caller */
export const AppealRiskRecord: Operation<"mutation", AppealRiskRecordData, AppealRiskRecordVariables> = {
  kind: "mutation",
  name: "AppealRiskRecord",
  id: "sha256:01188cefc1ede7084c8a05089f3b71bde30a088e15790081fbc9b59cb4bbef98",
};

export interface ApplyForBequestWithdrawalData {
  /** 申请受遗赠人销户提取 · a legatee's part of an account */
  readonly applyForBequestWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForBequestWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请受遗赠人销户提取 · a legatee's part of an account */
export const ApplyForBequestWithdrawal: Operation<"mutation", ApplyForBequestWithdrawalData, ApplyForBequestWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForBequestWithdrawal",
  id: "sha256:9c765bbae62dc3ad806851844fe7652f5ee3d4d7d71de28cd21a9eaeb261ea0c",
};

export interface ApplyForComprehensiveUseFeeWithdrawalData {
  /** 申请综合使用费提取 · comprehensive use fee of staff dormitories */
  readonly applyForComprehensiveUseFeeWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForComprehensiveUseFeeWithdrawalVariables {
  readonly input: ApplyForExpenseWithdrawalInput;
}

/** 申请综合使用费提取 · comprehensive use fee of staff dormitories */
export const ApplyForComprehensiveUseFeeWithdrawal: Operation<"mutation", ApplyForComprehensiveUseFeeWithdrawalData, ApplyForComprehensiveUseFeeWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForComprehensiveUseFeeWithdrawal",
  id: "sha256:33dadb58fb91dfd4fc2720d4161bc816dbc6baab9efb733b8c10dc134bcb5967",
};

export interface ApplyForDownPaymentWithdrawalData {
  /** 申请首付款提取 · down payment of a new home */
  readonly applyForDownPaymentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForDownPaymentWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请首付款提取 · down payment of a new home */
export const ApplyForDownPaymentWithdrawal: Operation<"mutation", ApplyForDownPaymentWithdrawalData, ApplyForDownPaymentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForDownPaymentWithdrawal",
  id: "sha256:4999ea834b2553e3fe5b166603b7a062882cc859a36dcbee1d174816bedc6a2c",
};

export interface ApplyForEmigrationWithdrawalData {
  /** 申请出境定居销户提取 · settling abroad */
  readonly applyForEmigrationWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForEmigrationWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请出境定居销户提取 · settling abroad */
export const ApplyForEmigrationWithdrawal: Operation<"mutation", ApplyForEmigrationWithdrawalData, ApplyForEmigrationWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForEmigrationWithdrawal",
  id: "sha256:a1600989ed9774eea2e59cc978b43fda70a2570bfb97fdface1dbd97282b9820",
};

export interface ApplyForForeignResidentWithdrawalData {
  /** 申请外籍、港澳台人员销户提取 · foreign, Hong Kong, Macao and Taiwan residents */
  readonly applyForForeignResidentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForForeignResidentWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请外籍、港澳台人员销户提取 · foreign, Hong Kong, Macao and Taiwan residents */
export const ApplyForForeignResidentWithdrawal: Operation<"mutation", ApplyForForeignResidentWithdrawalData, ApplyForForeignResidentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForForeignResidentWithdrawal",
  id: "sha256:99968e655f9ec98758bb295f5672eb188a4477907efad2abad044d31aedbaa4b",
};

export interface ApplyForHpfLoanPurchaseWithdrawalData {
  /** 申请公积金贷款购房提取 · repaying a provident fund loan */
  readonly applyForHpfLoanPurchaseWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForHpfLoanPurchaseWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请公积金贷款购房提取 · repaying a provident fund loan */
export const ApplyForHpfLoanPurchaseWithdrawal: Operation<"mutation", ApplyForHpfLoanPurchaseWithdrawalData, ApplyForHpfLoanPurchaseWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForHpfLoanPurchaseWithdrawal",
  id: "sha256:748425b24da77c910533896913367d0073de4caaedffabdc30707996424a4c91",
};

export interface ApplyForImprisonmentWithdrawalData {
  /** 申请在职判刑销户提取 · imprisonment */
  readonly applyForImprisonmentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForImprisonmentWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请在职判刑销户提取 · imprisonment */
export const ApplyForImprisonmentWithdrawal: Operation<"mutation", ApplyForImprisonmentWithdrawalData, ApplyForImprisonmentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForImprisonmentWithdrawal",
  id: "sha256:d4da954e2673ba619ad72100d2cfc81ba145de0f6ed867586a17775d625195f5",
};

export interface ApplyForIncapacityWithdrawalData {
  /** 申请完全丧失劳动能力销户提取 · total incapacity for work */
  readonly applyForIncapacityWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForIncapacityWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请完全丧失劳动能力销户提取 · total incapacity for work */
export const ApplyForIncapacityWithdrawal: Operation<"mutation", ApplyForIncapacityWithdrawalData, ApplyForIncapacityWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForIncapacityWithdrawal",
  id: "sha256:4c7e3f7e2fdc7129c98c9651d7d54b1b8e8bac448ecc14d9e02a9fa59d74cef0",
};

export interface ApplyForInheritanceWithdrawalData {
  /** 申请继承人销户提取 · an heir's part of an account */
  readonly applyForInheritanceWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForInheritanceWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请继承人销户提取 · an heir's part of an account */
export const ApplyForInheritanceWithdrawal: Operation<"mutation", ApplyForInheritanceWithdrawalData, ApplyForInheritanceWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForInheritanceWithdrawal",
  id: "sha256:9ca9a482f5ce61f6c5f85e0b8c1fd164bc298779858bc8e89fc223218bf74944",
};

export interface ApplyForInvoicedRentWithdrawalData {
  /** 申请租住商品住房提取 · rent of a home, by invoice and filing */
  readonly applyForInvoicedRentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForInvoicedRentWithdrawalVariables {
  readonly input: ApplyForRentWithdrawalInput;
}

/** 申请租住商品住房提取 · rent of a home, by invoice and filing */
export const ApplyForInvoicedRentWithdrawal: Operation<"mutation", ApplyForInvoicedRentWithdrawalData, ApplyForInvoicedRentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForInvoicedRentWithdrawal",
  id: "sha256:6749c9b8f0d90500ef943e76a31c87f93fc5317224ad09e0642f29f472cccd6f",
};

export interface ApplyForLeavingWithdrawalData {
  /** 申请非京籍离职销户提取 · leaving without Beijing registration */
  readonly applyForLeavingWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForLeavingWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请非京籍离职销户提取 · leaving without Beijing registration */
export const ApplyForLeavingWithdrawal: Operation<"mutation", ApplyForLeavingWithdrawalData, ApplyForLeavingWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForLeavingWithdrawal",
  id: "sha256:b5e7cad26279d9c035bc7b95910696da84033948d5917966732a1bb186814456",
};

export interface ApplyForMaintenanceFundWithdrawalData {
  /** 申请交存专项维修资金提取 · deposit into the maintenance fund */
  readonly applyForMaintenanceFundWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForMaintenanceFundWithdrawalVariables {
  readonly input: ApplyForExpenseWithdrawalInput;
}

/** 申请交存专项维修资金提取 · deposit into the maintenance fund */
export const ApplyForMaintenanceFundWithdrawal: Operation<"mutation", ApplyForMaintenanceFundWithdrawalData, ApplyForMaintenanceFundWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForMaintenanceFundWithdrawal",
  id: "sha256:575ec0bea6b2e6aa74cc0e7784494f8b09941d4dd39e3fa1764e6e7a5505996d",
};

export interface ApplyForManyChildrenRentWithdrawalData {
  /** 申请多子女家庭租房提取 · rent of a family with several children */
  readonly applyForManyChildrenRentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForManyChildrenRentWithdrawalVariables {
  readonly input: ApplyForRentWithdrawalInput;
}

/** 申请多子女家庭租房提取 · rent of a family with several children */
export const ApplyForManyChildrenRentWithdrawal: Operation<"mutation", ApplyForManyChildrenRentWithdrawalData, ApplyForManyChildrenRentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForManyChildrenRentWithdrawal",
  id: "sha256:65a5c6b4e77c604a0a889998a7d69fde204b9ae65214c4198300854a67b16d01",
};

export interface ApplyForOldCommunityRenovationWithdrawalData {
  /** 申请老旧小区改造提取 · renovation of an old community, lifts included */
  readonly applyForOldCommunityRenovationWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForOldCommunityRenovationWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请老旧小区改造提取 · renovation of an old community, lifts included */
export const ApplyForOldCommunityRenovationWithdrawal: Operation<"mutation", ApplyForOldCommunityRenovationWithdrawalData, ApplyForOldCommunityRenovationWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForOldCommunityRenovationWithdrawal",
  id: "sha256:a479817f1511d07572ade5d55b354b926e83141d9d79520ace1cdd4de3fcc32c",
};

export interface ApplyForOutOfCityLoanWithdrawalData {
  /** 申请贷款购买京外住房提取 · a home outside Beijing, on loan */
  readonly applyForOutOfCityLoanWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForOutOfCityLoanWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请贷款购买京外住房提取 · a home outside Beijing, on loan */
export const ApplyForOutOfCityLoanWithdrawal: Operation<"mutation", ApplyForOutOfCityLoanWithdrawalData, ApplyForOutOfCityLoanWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForOutOfCityLoanWithdrawal",
  id: "sha256:6a0d58b6d7c3749286f1aa88e8dd2b67ffe0815849b97e35c41d39efaf432df9",
};

export interface ApplyForOverhaulWithdrawalData {
  /** 申请大修、翻建、自建住房提取 · overhaul, rebuilding, self-building */
  readonly applyForOverhaulWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForOverhaulWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请大修、翻建、自建住房提取 · overhaul, rebuilding, self-building */
export const ApplyForOverhaulWithdrawal: Operation<"mutation", ApplyForOverhaulWithdrawalData, ApplyForOverhaulWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForOverhaulWithdrawal",
  id: "sha256:c56b2d936c915e92a1d1bd0c381f414bc32401eb080b745c0af87c12625c24a9",
};

export interface ApplyForPropertyFeeWithdrawalData {
  /** 申请物业费提取 · property service fee of the own home */
  readonly applyForPropertyFeeWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForPropertyFeeWithdrawalVariables {
  readonly input: ApplyForExpenseWithdrawalInput;
}

/** 申请物业费提取 · property service fee of the own home */
export const ApplyForPropertyFeeWithdrawal: Operation<"mutation", ApplyForPropertyFeeWithdrawalData, ApplyForPropertyFeeWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForPropertyFeeWithdrawal",
  id: "sha256:9a9b83b01afdb572f80afeefbaa788a5c4ab17324039174022c1f835a13728e9",
};

export interface ApplyForPublicHousingRentWithdrawalData {
  /** 申请租住公租房、保租房提取 · rent of public housing */
  readonly applyForPublicHousingRentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForPublicHousingRentWithdrawalVariables {
  readonly input: ApplyForRentWithdrawalInput;
}

/** 申请租住公租房、保租房提取 · rent of public housing */
export const ApplyForPublicHousingRentWithdrawal: Operation<"mutation", ApplyForPublicHousingRentWithdrawalData, ApplyForPublicHousingRentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForPublicHousingRentWithdrawal",
  id: "sha256:b9757e070f244999c765e4a39f973b132a27d4d926bb0ea51a23ba91de83799a",
};

export interface ApplyForPurchaseInCityWithdrawalData {
  /** 申请购买京内住房提取 · a home bought in Beijing */
  readonly applyForPurchaseInCityWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForPurchaseInCityWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请购买京内住房提取 · a home bought in Beijing */
export const ApplyForPurchaseInCityWithdrawal: Operation<"mutation", ApplyForPurchaseInCityWithdrawalData, ApplyForPurchaseInCityWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForPurchaseInCityWithdrawal",
  id: "sha256:6351a3c2097158ec8e60754be07fa6691205d1902be327e0e5487dab96be34f2",
};

export interface ApplyForPurchaseOutOfCityWithdrawalData {
  /** 申请全款购买京外住房提取 · a home outside Beijing, paid in full */
  readonly applyForPurchaseOutOfCityWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForPurchaseOutOfCityWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请全款购买京外住房提取 · a home outside Beijing, paid in full */
export const ApplyForPurchaseOutOfCityWithdrawal: Operation<"mutation", ApplyForPurchaseOutOfCityWithdrawalData, ApplyForPurchaseOutOfCityWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForPurchaseOutOfCityWithdrawal",
  id: "sha256:e3256c9c72113c35d8388e2e57dfddd09854633afe0c13de77a685c0e0c313e4",
};

export interface ApplyForRenovationWithdrawalData {
  /** 申请装修自住住房提取 · renovation of the own home */
  readonly applyForRenovationWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForRenovationWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请装修自住住房提取 · renovation of the own home */
export const ApplyForRenovationWithdrawal: Operation<"mutation", ApplyForRenovationWithdrawalData, ApplyForRenovationWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForRenovationWithdrawal",
  id: "sha256:a882e876feacda255476de5c8de28d112c9c23ff04d52e2ed7ecfa561f0cb68e",
};

export interface ApplyForRentWithdrawalData {
  /** 申请租房提取 · apply for a rent withdrawal */
  readonly applyForRentWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForRentWithdrawalVariables {
  readonly input: ApplyForRentWithdrawalInput;
}

/** 申请租房提取 · apply for a rent withdrawal */
export const ApplyForRentWithdrawal: Operation<"mutation", ApplyForRentWithdrawalData, ApplyForRentWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForRentWithdrawal",
  id: "sha256:732c88d8e764ae3e3f506f11d01aeffa6895176881fadd854ed70704c7e9f902",
};

export interface ApplyForResettlementWithdrawalData {
  /** 申请危改、拆迁回迁住房提取 · a home of resettlement */
  readonly applyForResettlementWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForResettlementWithdrawalVariables {
  readonly input: ApplyForHomeWithdrawalInput;
}

/** 申请危改、拆迁回迁住房提取 · a home of resettlement */
export const ApplyForResettlementWithdrawal: Operation<"mutation", ApplyForResettlementWithdrawalData, ApplyForResettlementWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForResettlementWithdrawal",
  id: "sha256:d340551eeb26614483c477b798efdca91233a50d02dd0eda95cbcc77f704d908",
};

export interface ApplyForRetirementWithdrawalData {
  /** 申请离退休销户提取 · closing at retirement */
  readonly applyForRetirementWithdrawal: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件编号 · number that the applicant quotes */
      readonly caseNo: string;
      /** 事项名称 · name of the service item */
      readonly itemName: string;
      /** 申请金额 · amount */
      readonly amount: Money;
      /** 办件状态 · state in words */
      readonly stateName: string;
      /** 应办结日期 · to be decided by */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForRetirementWithdrawalVariables {
  readonly input: ApplyForClosureWithdrawalInput;
}

/** 申请离退休销户提取 · closing at retirement */
export const ApplyForRetirementWithdrawal: Operation<"mutation", ApplyForRetirementWithdrawalData, ApplyForRetirementWithdrawalVariables> = {
  kind: "mutation",
  name: "ApplyForRetirementWithdrawal",
  id: "sha256:dc0d16f3feafaa0c13db5044b2136b22004c6a353949d43ea9dfdb3ae99ea772",
};

export interface ApplyForTransferInData {
  /** 申请异地转入 · ask for the money of the caller's account in another city */
  readonly applyForTransferIn: {
    /** 异地转移 · the transfer; null when refused or rehearsed */
    readonly transfer: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 受理编号 · number of the transfer */
      readonly transferNo: string;
      /** 状态 · state in words */
      readonly stateName: string;
      /** 说明 · what this state means and what comes next */
      readonly explanation: string;
      /** 办理期限 · by when it is to be done */
      readonly dueOn: DateText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ApplyForTransferInVariables {
  readonly input: ApplyForTransferInInput;
}

/** 申请异地转入 · ask for the money of the caller's account in another city */
export const ApplyForTransferIn: Operation<"mutation", ApplyForTransferInData, ApplyForTransferInVariables> = {
  kind: "mutation",
  name: "ApplyForTransferIn",
  id: "sha256:85dfd4c52a7c3d36bb6b6d34b2f17c21d75549f30fcfc2a0282a105f9bd6bd06",
};

export interface ArrangementsData {
  /** 提取约定 · the caller's agreed withdrawals */
  readonly arrangements: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 提取类型 · kind in words */
    readonly kindName: string;
    /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
    readonly state: string;
    /** 约定状态 · state in words */
    readonly stateName: string;
    /** 原因 · why it waits, pauses or has ended */
    readonly reason: string | null;
    /** 提取频率 · how often it is paid */
    readonly frequency: WithdrawalFrequency;
    /** 提取频率 · how often it is paid, in words */
    readonly frequencyName: string;
    /** 每月限额 · limit for a month */
    readonly monthlyLimit: Money | null;
    /** 约定总额 · what may be paid in all */
    readonly total: Money | null;
    /** 已付金额 · paid so far */
    readonly paid: Money;
    /** 起始月 · first month */
    readonly fromMonth: YearMonth;
    /** 截止月 · last month; null while it runs until its total is paid */
    readonly untilMonth: YearMonth | null;
    /** 到期自动接续 · renewed automatically */
    readonly autoRenewal: boolean;
    /** 已付至 · paid through */
    readonly paidThrough: YearMonth | null;
    /** 下次支付日 · day of the next payment */
    readonly nextDueOn: DateText | null;
    /** 收款银行卡 · id of the card that is paid to */
    readonly cardId: string;
    /** 可选频率 · how often it may be paid today */
    readonly frequencies: ReadonlyArray<WithdrawalFrequency>;
  }>;
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 收款银行卡 · cards that may be paid to */
    readonly cards: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 开户银行 · bank */
      readonly bankName: string;
      /** 卡号（脱敏）· masked number */
      readonly cardNoMasked: string;
      /** 是否默认卡 · whether it is the default */
      readonly isDefault: boolean;
    }>;
  }>;
}

export type ArrangementsVariables = Record<string, never>;

/**
 * 提取约定 · the caller's agreed withdrawals
 * 个人账户 · the caller's personal accounts
 */
export const Arrangements: Operation<"query", ArrangementsData, ArrangementsVariables> = {
  kind: "query",
  name: "Arrangements",
  id: "sha256:4f5c6db5a63b6ef621989735cc668f7cd17e12eb778bbceb3f1cbdd48d8f1ca1",
};

export interface CancelCaseData {
  /** 撤销申请 · take an application back */
  readonly cancelCase: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件状态代码 · state */
      readonly state: string;
      /** 办件状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface CancelCaseVariables {
  readonly input: CancelCaseInput;
}

/** 撤销申请 · take an application back */
export const CancelCase: Operation<"mutation", CancelCaseData, CancelCaseVariables> = {
  kind: "mutation",
  name: "CancelCase",
  id: "sha256:f5f580ed85fdbf86631cdd86a7d09c7bd3d3261a857e81c9127bebec82d9fffe",
};

export interface CancelTransferData {
  /** 撤销异地转入 · take an application for a transfer back */
  readonly cancelTransfer: {
    /** 异地转移 · the transfer; null when refused or rehearsed */
    readonly transfer: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 状态代码 · the platform's code; `applied` and `declined` before the letter */
      readonly state: string;
      /** 状态 · state in words */
      readonly stateName: string;
      /** 说明 · what this state means and what comes next */
      readonly explanation: string;
      /** 可否撤销 · whether `cancelTransfer` is possible now */
      readonly cancellable: boolean;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface CancelTransferVariables {
  readonly input: CancelTransferInput;
}

/** 撤销异地转入 · take an application for a transfer back */
export const CancelTransfer: Operation<"mutation", CancelTransferData, CancelTransferVariables> = {
  kind: "mutation",
  name: "CancelTransfer",
  id: "sha256:b1be931b2b67de69221ea94f728cde02b241287d0b65bc662ab1bccf42990508",
};

export interface CaseData {
  /** 办件 · a case; null unless the caller may see it */
  readonly case: {
    /** 全局编号 · global id */
    readonly id: string;
    /** 办件编号 · number that the applicant quotes */
    readonly caseNo: string;
    /** 事项名称 · name of the service item */
    readonly itemName: string;
    /** 办件状态代码 · state */
    readonly state: string;
    /** 办件状态 · state in words */
    readonly stateName: string;
    /** 状态说明 · what the state means for the applicant */
    readonly stateExplanation: string;
    /** 申请金额 · amount */
    readonly amount: Money;
    /** 申请时间 · when it was submitted */
    readonly submittedAt: DateTimeText;
    /** 应办结日期 · to be decided by */
    readonly dueOn: DateText;
    /** 评价等级 · grade given, 5 非常满意 … 1 非常不满意 */
    readonly evaluation: number | null;
    /** 可办操作 · what the caller may do now, such as cancel, evaluate, claim, approve */
    readonly allowedActions: ReadonlyArray<string>;
    /** 办理进度 · the steps of the case, in order */
    readonly steps: ReadonlyArray<{
      /** 环节代码 · code */
      readonly code: string;
      /** 环节名称 · name */
      readonly name: string;
      /** 环节进度 · how far it is */
      readonly state: StepState;
      /** 到达时间 · when the case came to this step */
      readonly at: DateTimeText | null;
    }>;
    /** 审核依据说明 · how the decision came about, in plain words */
    readonly explanation: ReadonlyArray<{
      /** 标题 · what it is about */
      readonly title: string;
      /** 内容 · in plain words */
      readonly text: string;
    }>;
    /** 办理过程 · who did what when, the oldest first */
    readonly history: ReadonlyArray<{
      /** 序号 · order */
      readonly seq: number;
      /** 时间 · when */
      readonly at: DateTimeText;
      /** 操作 · action in words */
      readonly actionName: string;
      /** 新状态 · state after, in words */
      readonly toStateName: string;
      /** 原因 · reason in words */
      readonly reason: string | null;
      /** 说明 · note */
      readonly note: string | null;
    }>;
    /** 补正要求 · what the applicant was asked to correct, the newest first */
    readonly corrections: ReadonlyArray<{
      /** 原因 · reason in words */
      readonly reason: string;
      /** 要求 · what is to be corrected */
      readonly note: string;
      /** 期限 · the last day */
      readonly dueOn: DateText;
      /** 状态代码 · `asked`, `answered`, `expired` or `dropped` */
      readonly state: string;
      /** 补正说明 · the applicant's answer; null until there is one */
      readonly statement: string | null;
    }>;
    /** 可更正项目 · the form's fields while the applicant is asked to correct; else none */
    readonly correctableFields: ReadonlyArray<{
      /** 已申报内容 · text, an amount in yuan, a day, a code; blank for nothing */
      readonly value: string;
      /** 是否脱敏 · whether `value` is masked and is only sent when written anew */
      readonly masked: boolean;
      /** 申报项目 · the field; its `name` is that of `CorrectedFieldInput` */
      readonly field: {
        /** 输入字段 · field of the input */
        readonly name: string;
        /** 名称 · name in words */
        readonly title: string;
        /** 类型 · `text`, `money`, `date`, `code`, `document` */
        readonly type: string;
        /** 是否必填 · whether it must be filled in */
        readonly required: boolean;
        /** 提示 · what to write */
        readonly hint: string;
        /** 选项 · choices of a code */
        readonly options: ReadonlyArray<{
          /** 代码 · code */
          readonly code: string;
          /** 名称 · name */
          readonly name: string;
        }>;
      };
    }>;
    /** 支付情况 · payment; null while nothing was approved */
    readonly payment: {
      /** 支付状态代码 · state */
      readonly state: string;
      /** 支付状态 · state in words */
      readonly stateName: string;
      /** 支付金额 · amount */
      readonly amount: Money;
      /** 收款银行 · bank */
      readonly bankName: string;
      /** 收款卡号（脱敏）· card, masked */
      readonly cardMasked: string;
      /** 到账时间 · when the bank confirmed it */
      readonly confirmedAt: DateTimeText | null;
    } | null;
  } | null;
}

export interface CaseVariables {
  readonly id: string;
}

/** 办件 · a case; null unless the caller may see it */
export const Case: Operation<"query", CaseData, CaseVariables> = {
  kind: "query",
  name: "Case",
  id: "sha256:d7b17045d1218d67002ec49561f037ec75add9fb98925628a5e067de14de357d",
};

export interface CaseProgressData {
  /** 办件进度 · a case now and after each change, until it has ended */
  readonly caseProgress: {
    /** 全局编号 · global id */
    readonly id: string;
    /** 办件编号 · number that the applicant quotes */
    readonly caseNo: string;
    /** 事项名称 · name of the service item */
    readonly itemName: string;
    /** 办件状态代码 · state */
    readonly state: string;
    /** 办件状态 · state in words */
    readonly stateName: string;
    /** 状态说明 · what the state means for the applicant */
    readonly stateExplanation: string;
    /** 申请金额 · amount */
    readonly amount: Money;
    /** 申请时间 · when it was submitted */
    readonly submittedAt: DateTimeText;
    /** 应办结日期 · to be decided by */
    readonly dueOn: DateText;
    /** 评价等级 · grade given, 5 非常满意 … 1 非常不满意 */
    readonly evaluation: number | null;
    /** 可办操作 · what the caller may do now, such as cancel, evaluate, claim, approve */
    readonly allowedActions: ReadonlyArray<string>;
    /** 办理进度 · the steps of the case, in order */
    readonly steps: ReadonlyArray<{
      /** 环节代码 · code */
      readonly code: string;
      /** 环节名称 · name */
      readonly name: string;
      /** 环节进度 · how far it is */
      readonly state: StepState;
      /** 到达时间 · when the case came to this step */
      readonly at: DateTimeText | null;
    }>;
    /** 审核依据说明 · how the decision came about, in plain words */
    readonly explanation: ReadonlyArray<{
      /** 标题 · what it is about */
      readonly title: string;
      /** 内容 · in plain words */
      readonly text: string;
    }>;
    /** 办理过程 · who did what when, the oldest first */
    readonly history: ReadonlyArray<{
      /** 序号 · order */
      readonly seq: number;
      /** 时间 · when */
      readonly at: DateTimeText;
      /** 操作 · action in words */
      readonly actionName: string;
      /** 新状态 · state after, in words */
      readonly toStateName: string;
      /** 原因 · reason in words */
      readonly reason: string | null;
      /** 说明 · note */
      readonly note: string | null;
    }>;
    /** 补正要求 · what the applicant was asked to correct, the newest first */
    readonly corrections: ReadonlyArray<{
      /** 原因 · reason in words */
      readonly reason: string;
      /** 要求 · what is to be corrected */
      readonly note: string;
      /** 期限 · the last day */
      readonly dueOn: DateText;
      /** 状态代码 · `asked`, `answered`, `expired` or `dropped` */
      readonly state: string;
      /** 补正说明 · the applicant's answer; null until there is one */
      readonly statement: string | null;
    }>;
    /** 可更正项目 · the form's fields while the applicant is asked to correct; else none */
    readonly correctableFields: ReadonlyArray<{
      /** 已申报内容 · text, an amount in yuan, a day, a code; blank for nothing */
      readonly value: string;
      /** 是否脱敏 · whether `value` is masked and is only sent when written anew */
      readonly masked: boolean;
      /** 申报项目 · the field; its `name` is that of `CorrectedFieldInput` */
      readonly field: {
        /** 输入字段 · field of the input */
        readonly name: string;
        /** 名称 · name in words */
        readonly title: string;
        /** 类型 · `text`, `money`, `date`, `code`, `document` */
        readonly type: string;
        /** 是否必填 · whether it must be filled in */
        readonly required: boolean;
        /** 提示 · what to write */
        readonly hint: string;
        /** 选项 · choices of a code */
        readonly options: ReadonlyArray<{
          /** 代码 · code */
          readonly code: string;
          /** 名称 · name */
          readonly name: string;
        }>;
      };
    }>;
    /** 支付情况 · payment; null while nothing was approved */
    readonly payment: {
      /** 支付状态代码 · state */
      readonly state: string;
      /** 支付状态 · state in words */
      readonly stateName: string;
      /** 支付金额 · amount */
      readonly amount: Money;
      /** 收款银行 · bank */
      readonly bankName: string;
      /** 收款卡号（脱敏）· card, masked */
      readonly cardMasked: string;
      /** 到账时间 · when the bank confirmed it */
      readonly confirmedAt: DateTimeText | null;
    } | null;
  };
}

export interface CaseProgressVariables {
  readonly id: string;
}

/** 办件进度 · a case now and after each change, until it has ended */
export const CaseProgress: Operation<"subscription", CaseProgressData, CaseProgressVariables> = {
  kind: "subscription",
  name: "CaseProgress",
  id: "sha256:c31ec84005a9098230aca92122ab674f657afbaee4427d88012534aaf835db72",
};

export interface CasesData {
  /** 我的办件 · the caller's cases, the newest first; `first` at most 100 */
  readonly cases: {
    /** 总条数 · number of entries on all pages */
    readonly totalCount: number;
    /** 本页各条 · the entries of this page */
    readonly edges: ReadonlyArray<{
      /** 内容 · the object */
      readonly node: {
        /** 全局编号 · global id */
        readonly id: string;
        /** 办件编号 · number that the applicant quotes */
        readonly caseNo: string;
        /** 事项名称 · name of the service item */
        readonly itemName: string;
        /** 办件状态 · state in words */
        readonly stateName: string;
        /** 办件状态代码 · state */
        readonly state: string;
        /** 申请金额 · amount */
        readonly amount: Money;
        /** 申请时间 · when it was submitted */
        readonly submittedAt: DateTimeText;
        /** 可办操作 · what the caller may do now, such as cancel, evaluate, claim, approve */
        readonly allowedActions: ReadonlyArray<string>;
        /** 评价等级 · grade given, 5 非常满意 … 1 非常不满意 */
        readonly evaluation: number | null;
      };
    }>;
    /** 页码信息 · where this page stands */
    readonly pageInfo: {
      /** 是否还有下一页 · whether more follow */
      readonly hasNextPage: boolean;
      /** 本页末位置 · give it as `after` for the next page */
      readonly endCursor: string | null;
    };
  };
}

export interface CasesVariables {
  readonly first: number;
  readonly after?: string | null;
  readonly states?: ReadonlyArray<string> | null;
}

/** 我的办件 · the caller's cases, the newest first; `first` at most 100 */
export const Cases: Operation<"query", CasesData, CasesVariables> = {
  kind: "query",
  name: "Cases",
  id: "sha256:0d41ada8b0da8479f1e577e5403fa66bfdc68dcc142b2d39a7d0f9d44d7804b7",
};

export interface ChangeArrangementData {
  /** 变更提取约定 · change an agreed withdrawal */
  readonly changeArrangement: {
    /** 提取约定 · the arrangement; null when refused */
    readonly arrangement: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
      readonly state: string;
      /** 约定状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予办理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface ChangeArrangementVariables {
  readonly input: ChangeArrangementInput;
}

/** 变更提取约定 · change an agreed withdrawal */
export const ChangeArrangement: Operation<"mutation", ChangeArrangementData, ChangeArrangementVariables> = {
  kind: "mutation",
  name: "ChangeArrangement",
  id: "sha256:3c5452c07f400603be3d6a6a2a62aee0924554ad49d42759114bdae8e251a37c",
};

export interface ChangeMobileData {
  /** 变更手机号码 · change the phone that messages go to */
  readonly changeMobile: {
    /** 冷静期内的变更 · changes that have not cooled off */
    readonly changes: ReadonlyArray<{
      /** 种类代码 · phone or payee */
      readonly kind: string;
      /** 种类 · kind */
      readonly kindName: string;
      /** 变更时间 · when */
      readonly madeAt: DateTimeText;
      /** 冷静期截止时间 · until when more is asked for */
      readonly coolsUntil: DateTimeText;
      /** 变更前（脱敏）· before, masked */
      readonly beforeMasked: string;
      /** 变更后（脱敏）· after, masked */
      readonly afterMasked: string;
    }>;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ChangeMobileVariables {
  readonly input: ChangeMobileInput;
}

/** 变更手机号码 · change the phone that messages go to */
export const ChangeMobile: Operation<"mutation", ChangeMobileData, ChangeMobileVariables> = {
  kind: "mutation",
  name: "ChangeMobile",
  id: "sha256:a3443b1cb1a00017499172b125711d3ddf67a87cfc5a9a1033eaecd0b0407eb5",
};

export interface ChoosePayeeCardData {
  /** 选择收款银行卡 · choose the card that money goes to */
  readonly choosePayeeCard: {
    /** 冷静期内的变更 · changes that have not cooled off */
    readonly changes: ReadonlyArray<{
      /** 种类 · kind */
      readonly kindName: string;
      /** 变更时间 · when */
      readonly madeAt: DateTimeText;
      /** 冷静期截止时间 · until when more is asked for */
      readonly coolsUntil: DateTimeText;
      /** 变更前（脱敏）· before, masked */
      readonly beforeMasked: string;
      /** 变更后（脱敏）· after, masked */
      readonly afterMasked: string;
    }>;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface ChoosePayeeCardVariables {
  readonly input: ChoosePayeeCardInput;
}

/** 选择收款银行卡 · choose the card that money goes to */
export const ChoosePayeeCard: Operation<"mutation", ChoosePayeeCardData, ChoosePayeeCardVariables> = {
  kind: "mutation",
  name: "ChoosePayeeCard",
  id: "sha256:702d9946463186404bc3aaee6ecc7eb4ffd4447d6ebe0072dec1c7b5ea1d22a3",
};

export interface ContributionCertificatesData {
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 个人账号 · account number */
    readonly accountNo: string;
    /** 单位名称 · employer */
    readonly employerName: string;
    /** 账户状态 · state in words */
    readonly stateName: string;
    /** 账户余额 · balance */
    readonly balance: Money;
    /** 缴至年月 · paid through */
    readonly paidThrough: YearMonth | null;
  }>;
  /** 电子文书 · papers issued to the caller, the newest first */
  readonly papers: ReadonlyArray<{
    /** 编号 · number printed on it */
    readonly paperNo: string;
    /** 名称 · what it is */
    readonly title: string;
    /** 出具日期 · date of issue */
    readonly issuedOn: DateText;
    /** 有效期至 · last day on which it is good */
    readonly validUntil: DateText | null;
    /** 状态 · state in words */
    readonly stateName: string;
    /** 撤销原因 · why it was revoked */
    readonly revokeReason: string | null;
    /** 校验码 · what the verification page (`/verify`) asks for beside the number */
    readonly verificationCode: string;
  }>;
}

export type ContributionCertificatesVariables = Record<string, never>;

/**
 * 个人账户 · the caller's personal accounts
 * 电子文书 · papers issued to the caller, the newest first
 */
export const ContributionCertificates: Operation<"query", ContributionCertificatesData, ContributionCertificatesVariables> = {
  kind: "query",
  name: "ContributionCertificates",
  id: "sha256:e30204733afa86c7fd2013023ffc329b3a7e42f717e01cccce82296ae10a70bf",
};

export interface ConversationData {
  /** 我的会话 · the caller's latest conversation with the centre */
  readonly conversation: {
    /** 状态代码 · waiting, held or closed */
    readonly state: string;
    /** 状态 · in words */
    readonly stateName: string;
    /** 是否在人工服务时间 · whether staff answer at this moment */
    readonly staffAnswersNow: boolean;
    /** 消息 · the last 50, oldest first */
    readonly messages: ReadonlyArray<{
      /** 时间 · when it was said */
      readonly at: DateTimeText;
      /** 发送方 · citizen, staff or house */
      readonly side: string;
      /** 发送方名称 · who said it, without the name of the member of staff */
      readonly sideName: string;
      /** 内容 · text, to be shown as text */
      readonly text: string;
    }>;
  } | null;
}

export type ConversationVariables = Record<string, never>;

/** 我的会话 · the caller's latest conversation with the centre */
export const Conversation: Operation<"query", ConversationData, ConversationVariables> = {
  kind: "query",
  name: "Conversation",
  id: "sha256:73aab997a750b357422599e469c16fd2fbe5e9bf3e540d75f6d520ed842cbe0c",
};

export interface CorrectCaseData {
  /** 补正 · answer what was asked to be corrected, and hand in again */
  readonly correctCase: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 办件状态代码 · state */
      readonly state: string;
      /** 办件状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface CorrectCaseVariables {
  readonly input: CorrectCaseInput;
}

/** 补正 · answer what was asked to be corrected, and hand in again */
export const CorrectCase: Operation<"mutation", CorrectCaseData, CorrectCaseVariables> = {
  kind: "mutation",
  name: "CorrectCase",
  id: "sha256:b4b7b2c24e3d94191b4487e15bb13f320bf322e076f6f13896900c5ccdaa888a",
};

export interface DelegationsData {
  /** 我的委托 · delegations that the caller has given */
  readonly delegations: ReadonlyArray<{
    /** 委托编号 · what the third party quotes */
    readonly reference: string;
    /** 受托方 · the third party */
    readonly partyName: string;
    /** 用途 · what for */
    readonly purposeText: string;
    /** 可否代为办理 · whether it may act, or only read */
    readonly mayChange: boolean;
    /** 截止时间 · when it ends */
    readonly endsAt: DateTimeText;
    /** 撤回时间 · when it was taken back */
    readonly revokedAt: DateTimeText | null;
  }>;
  /** 可委托事项 · what third parties may be delegated for */
  readonly delegationOffers: ReadonlyArray<{
    /** 第三方代码 · code of the third party */
    readonly party: string;
    /** 第三方名称 · its name */
    readonly partyName: string;
    /** 用途代码 · code of the purpose */
    readonly purpose: string;
    /** 用途 · what for */
    readonly purposeText: string;
    /** 查阅内容 · what it would read */
    readonly reads: ReadonlyArray<string>;
    /** 是否含办理 · whether the grant holds anything that changes data */
    readonly changes: boolean;
  }>;
}

export type DelegationsVariables = Record<string, never>;

/**
 * 我的委托 · delegations that the caller has given
 * 可委托事项 · what third parties may be delegated for
 */
export const Delegations: Operation<"query", DelegationsData, DelegationsVariables> = {
  kind: "query",
  name: "Delegations",
  id: "sha256:be2b77f9d27f4923e4fd65e975824bb7eebf9f62c58512f28a813c57b0062a6f",
};

export interface DraftData {
  /** 草稿 · what the caller had filled in for an item */
  readonly draft: {
    /** 内容 · as the page saved it */
    readonly content: string;
    /** 保存时间 · when it was saved */
    readonly savedAt: DateTimeText;
  } | null;
}

export interface DraftVariables {
  readonly item: string;
}

/** 草稿 · what the caller had filled in for an item */
export const Draft: Operation<"query", DraftData, DraftVariables> = {
  kind: "query",
  name: "Draft",
  id: "sha256:a317ea5b35705c7adb33a96fcee4f03661a4c193d464bd4314006cd5457dbf4f",
};

export interface EndArrangementData {
  /** 终止提取约定 · end an agreed withdrawal */
  readonly endArrangement: {
    /** 提取约定 · the arrangement; null when refused */
    readonly arrangement: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
      readonly state: string;
      /** 约定状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予办理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface EndArrangementVariables {
  readonly input: ArrangementInput;
}

/** 终止提取约定 · end an agreed withdrawal */
export const EndArrangement: Operation<"mutation", EndArrangementData, EndArrangementVariables> = {
  kind: "mutation",
  name: "EndArrangement",
  id: "sha256:b9e654b6f4cf6d15eee2538be68d8a3ab279746696d865f58446c792f6f90c17",
};

export interface EvaluateByInvitationData {
  /** 受邀评价 · evaluate with a one-time code: at the pad of a window, by QR code, at a kiosk */
  readonly evaluateByInvitation: {
    /** 评价编号 · number of the evaluation; null when refused */
    readonly evaluationNo: string | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface EvaluateByInvitationVariables {
  readonly input: EvaluateByInvitationInput;
}

/** 受邀评价 · evaluate with a one-time code: at the pad of a window, by QR code, at a kiosk */
export const EvaluateByInvitation: Operation<"mutation", EvaluateByInvitationData, EvaluateByInvitationVariables> = {
  kind: "mutation",
  name: "EvaluateByInvitation",
  id: "sha256:84fe241a9ac88b05a4210613fb4b16e5fb7c10630b41d9da30387892b3e910aa",
};

export interface EvaluateCaseData {
  /** 评价办件 · evaluate a finished case (好差评) */
  readonly evaluateCase: {
    /** 办件 · the case as it now stands; null when refused */
    readonly case: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 评价等级 · grade given, 5 非常满意 … 1 非常不满意 */
      readonly evaluation: number | null;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface EvaluateCaseVariables {
  readonly input: EvaluateCaseInput;
}

/** 评价办件 · evaluate a finished case (好差评) */
export const EvaluateCase: Operation<"mutation", EvaluateCaseData, EvaluateCaseVariables> = {
  kind: "mutation",
  name: "EvaluateCase",
  id: "sha256:b10652223fcabb2f282ddfd2cc2d5d90b5edd4d61ca770d1297897e9621e0c28",
};

export interface EvaluateTransferData {
  /** 评价异地转移 · evaluate a transfer that has ended (好差评) */
  readonly evaluateTransfer: {
    /** 异地转移 · the transfer; null when refused or rehearsed */
    readonly transfer: {
      /** 全局编号 · global id */
      readonly id: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface EvaluateTransferVariables {
  readonly input: EvaluateTransferInput;
}

/** 评价异地转移 · evaluate a transfer that has ended (好差评) */
export const EvaluateTransfer: Operation<"mutation", EvaluateTransferData, EvaluateTransferVariables> = {
  kind: "mutation",
  name: "EvaluateTransfer",
  id: "sha256:6770a321d38469e9e5519639f24272712c760c2d28b49c9ad1a32210f330efe5",
};

export interface EvaluationInvitationData {
  /** 评价邀请 · what a one-time code asks about; null unless good */
  readonly evaluationInvitation: {
    /** 事项名称 · service item */
    readonly itemName: string;
    /** 办件编号 · number of the case */
    readonly caseNo: string;
    /** 评价渠道 · where the invitation is answered */
    readonly terminalName: string;
  } | null;
  /** 评价等级与指标 · grades and their indicators */
  readonly evaluationGrades: ReadonlyArray<{
    /** 等级（5 非常满意至 1 非常不满意） · grade, 5 the best, 1 the worst */
    readonly grade: number;
    /** 等级名称 · in words */
    readonly name: string;
    /** 评价指标 · indicators of this grade, in order */
    readonly indicators: ReadonlyArray<{
      /** 指标代码 · code */
      readonly code: string;
      /** 指标 · in words */
      readonly name: string;
    }>;
  }>;
}

export interface EvaluationInvitationVariables {
  readonly code: string;
}

/**
 * 评价邀请 · what a one-time code asks about; null unless good
 * 评价等级与指标 · grades and their indicators
 */
export const EvaluationInvitation: Operation<"query", EvaluationInvitationData, EvaluationInvitationVariables> = {
  kind: "query",
  name: "EvaluationInvitation",
  id: "sha256:473fc0e16480fcb64f201828455b8fda8fe8d4481894a0fdbb86f69d5bb2b3d1",
};

export interface FinishFaceCheckData {
  /** 查询实人核验结果 · ask what became of a face check */
  readonly finishFaceCheck: {
    /** 实人核验 · the check as it stands; null when refused */
    readonly check: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 状态 · started, passed, failed or expired */
      readonly state: string;
    } | null;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface FinishFaceCheckVariables {
  readonly input: FinishFaceCheckInput;
}

/** 查询实人核验结果 · ask what became of a face check */
export const FinishFaceCheck: Operation<"mutation", FinishFaceCheckData, FinishFaceCheckVariables> = {
  kind: "mutation",
  name: "FinishFaceCheck",
  id: "sha256:4ebae184c3594f241db177f42903c71f23cff387231f0fa6289a516f3fb4efd8",
};

export interface GiveDelegationData {
  /** 委托第三方 · let a third party act for the caller */
  readonly giveDelegation: {
    /** 委托 · as it now stands; null when refused */
    readonly delegation: {
      /** 委托编号 · what the third party quotes */
      readonly reference: string;
      /** 受托方 · the third party */
      readonly partyName: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface GiveDelegationVariables {
  readonly input: GiveDelegationInput;
}

/** 委托第三方 · let a third party act for the caller */
export const GiveDelegation: Operation<"mutation", GiveDelegationData, GiveDelegationVariables> = {
  kind: "mutation",
  name: "GiveDelegation",
  id: "sha256:462f190ab7e0c9e3516b2752826a6cf8caffa5720d15036c60fb8ee5d7a9fe66",
};

export interface HomeData {
  /** 当前用户 · who is asking */
  readonly viewer: {
    /** 缴存人信息 · the person; null unless a citizen is logged in */
    readonly person: {
      /** 姓名（脱敏）· name, masked */
      readonly nameMasked: string;
    } | null;
  };
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 个人账号 · account number */
    readonly accountNo: string;
    /** 单位名称 · employer */
    readonly employerName: string;
    /** 管理部 · management office in charge */
    readonly officeName: string;
    /** 账户状态 · state in words */
    readonly stateName: string;
    /** 账户余额 · balance */
    readonly balance: Money;
    /** 占用金额 · held for applications under way */
    readonly held: Money;
    /** 可用余额 · what may be applied for */
    readonly available: Money;
    /** 月缴存额 · monthly contribution */
    readonly monthlyContribution: Money;
    /** 缴至年月 · paid through */
    readonly paidThrough: YearMonth | null;
    /** 账户明细，最新的在前 · entries, the newest first; `first` at most 100 */
    readonly entries: {
      /** 本页各条 · the entries of this page */
      readonly edges: ReadonlyArray<{
        /** 内容 · the object */
        readonly node: {
          /** 全局编号 · global id */
          readonly id: string;
          /** 业务类型 · kind of business */
          readonly kindName: string;
          /** 收支方向 · direction */
          readonly side: EntrySide;
          /** 发生额 · amount */
          readonly amount: Money;
          /** 变动后余额 · balance after */
          readonly balanceAfter: Money;
          /** 记账日期 · date of booking */
          readonly businessDate: DateText;
          /** 摘要 · summary */
          readonly summary: string;
        };
      }>;
      /** 页码信息 · where this page stands */
      readonly pageInfo: {
        /** 是否还有下一页 · whether more follow */
        readonly hasNextPage: boolean;
        /** 本页末位置 · give it as `after` for the next page */
        readonly endCursor: string | null;
      };
    };
  }>;
  /** 我的办件 · the caller's cases, the newest first; `first` at most 100 */
  readonly cases: {
    /** 本页各条 · the entries of this page */
    readonly edges: ReadonlyArray<{
      /** 内容 · the object */
      readonly node: {
        /** 全局编号 · global id */
        readonly id: string;
        /** 办件编号 · number that the applicant quotes */
        readonly caseNo: string;
        /** 事项名称 · name of the service item */
        readonly itemName: string;
        /** 办件状态 · state in words */
        readonly stateName: string;
        /** 办件状态代码 · state */
        readonly state: string;
        /** 申请金额 · amount */
        readonly amount: Money;
        /** 申请时间 · when it was submitted */
        readonly submittedAt: DateTimeText;
        /** 可办操作 · what the caller may do now, such as cancel, evaluate, claim, approve */
        readonly allowedActions: ReadonlyArray<string>;
      };
    }>;
  };
  /** 未读通知 · how many notices the caller has not read */
  readonly unreadNotices: number;
  /** 服务事项目录 · service items that the caller's channel offers */
  readonly serviceItems: ReadonlyArray<{
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
  }>;
}

export interface HomeVariables {
  readonly entries: number;
}

/**
 * 当前用户 · who is asking
 * 个人账户 · the caller's personal accounts
 * 我的办件 · the caller's cases, the newest first; `first` at most 100
 * 未读通知 · how many notices the caller has not read
 * 服务事项目录 · service items that the caller's channel offers
 */
export const Home: Operation<"query", HomeData, HomeVariables> = {
  kind: "query",
  name: "Home",
  id: "sha256:2cfbf488cee07325720f54f7e6943e9930e26f1fd27c11ee5f9f0f8273c4f97d",
};

export interface IssueContributionCertificateData {
  /** 申请缴存证明 · have a certificate of an own account issued */
  readonly issueContributionCertificate: {
    /** 电子文书 · null when refused */
    readonly paper: {
      /** 编号 · number printed on it */
      readonly paperNo: string;
      /** 名称 · what it is */
      readonly title: string;
      /** 出具日期 · date of issue */
      readonly issuedOn: DateText;
      /** 有效期至 · last day on which it is good */
      readonly validUntil: DateText | null;
      /** 状态 · state in words */
      readonly stateName: string;
      /** 校验码 · what the verification page (`/verify`) asks for beside the number */
      readonly verificationCode: string;
      /** 电子文件 · the sealed PDF in Base64; null once it is revoked */
      readonly content: string | null;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface IssueContributionCertificateVariables {
  readonly input: IssueContributionCertificateInput;
}

/** 申请缴存证明 · have a certificate of an own account issued */
export const IssueContributionCertificate: Operation<"mutation", IssueContributionCertificateData, IssueContributionCertificateVariables> = {
  kind: "mutation",
  name: "IssueContributionCertificate",
  id: "sha256:c3d8223bbbe9e4888dcdfd2e8a056f8bbe364255c7f471fbf1fffcfcb1517e9e",
};

export interface LinkedIdentitiesData {
  /** 登录账号 · accounts by which the caller is known */
  readonly linkedIdentities: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 平台代码 · code of the platform */
    readonly provider: string;
    /** 平台名称 · name of the platform */
    readonly name: string;
    /** 关联时间 · since when */
    readonly linkedAt: DateTimeText;
    /** 最近使用时间 · last use */
    readonly lastUsedAt: DateTimeText;
    /** 最近实名核验时间 · when the real name was last proved with it */
    readonly confirmedAt: DateTimeText | null;
    /** 可否解除关联 · whether it can be taken away */
    readonly removable: boolean;
  }>;
}

export type LinkedIdentitiesVariables = Record<string, never>;

/** 登录账号 · accounts by which the caller is known */
export const LinkedIdentities: Operation<"query", LinkedIdentitiesData, LinkedIdentitiesVariables> = {
  kind: "query",
  name: "LinkedIdentities",
  id: "sha256:2de3c3e88c7f86df678a619276ff4ede4abf4efb97eeb5bc181e15117d3dc2f5",
};

export interface LoginDevicesData {
  /** 登录设备 · where the caller is logged in */
  readonly loginDevices: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 渠道名称 · channel in words */
    readonly channelName: string;
    /** 设备说明 · what the device says of itself */
    readonly device: string;
    /** 认证级别 · level of login */
    readonly assurance: string;
    /** 所代表单位 · employer acted for there */
    readonly employerNo: string | null;
    /** 登录时间 · since when */
    readonly signedInAt: DateTimeText;
    /** 最近使用时间 · last use */
    readonly lastSeenAt: DateTimeText;
    /** 是否本设备 · whether it is the one of this request */
    readonly current: boolean;
  }>;
  /** 冷静期内的变更 · changes of phone or payee that cool off */
  readonly sensitiveChanges: ReadonlyArray<{
    /** 种类 · kind */
    readonly kindName: string;
    /** 变更时间 · when */
    readonly madeAt: DateTimeText;
    /** 冷静期截止时间 · until when more is asked for */
    readonly coolsUntil: DateTimeText;
    /** 变更后（脱敏）· after, masked */
    readonly afterMasked: string;
  }>;
}

export type LoginDevicesVariables = Record<string, never>;

/**
 * 登录设备 · where the caller is logged in
 * 冷静期内的变更 · changes of phone or payee that cool off
 */
export const LoginDevices: Operation<"query", LoginDevicesData, LoginDevicesVariables> = {
  kind: "query",
  name: "LoginDevices",
  id: "sha256:a111707d6946d0b85c97fec6d06edc3a1b1505902550e9bbea1573e8a24b8f91",
};

export interface MarkNoticesReadData {
  /** 标记通知已读 · everything up to a notice is read */
  readonly markNoticesRead: {
    /** 未读条数 · how many are left; null when refused */
    readonly unread: number | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface MarkNoticesReadVariables {
  readonly input: MarkNoticesReadInput;
}

/** 标记通知已读 · everything up to a notice is read */
export const MarkNoticesRead: Operation<"mutation", MarkNoticesReadData, MarkNoticesReadVariables> = {
  kind: "mutation",
  name: "MarkNoticesRead",
  id: "sha256:6ba9d7baf936f3f39094d61ab56fd2a2f6a47f015f91b78acd39a0806b53ec2f",
};

export interface NoticesData {
  /** 我的通知 · what the centre sent to the caller, the newest first; `first` at most 100 */
  readonly notices: {
    /** 总条数 · number of entries on all pages */
    readonly totalCount: number;
    /** 本页各条 · the entries of this page */
    readonly edges: ReadonlyArray<{
      /** 内容 · the object */
      readonly node: {
        /** 编号 · what `markNoticesRead` is given */
        readonly id: string;
        /** 业务类别 · what it is about */
        readonly areaName: string;
        /** 内容 · text, to be shown as text */
        readonly text: string;
        /** 时间 · when it was sent */
        readonly sentAt: DateTimeText;
        /** 是否已读 · whether the caller has read it */
        readonly read: boolean;
      };
    }>;
    /** 页码信息 · where this page stands */
    readonly pageInfo: {
      /** 是否还有下一页 · whether more follow */
      readonly hasNextPage: boolean;
      /** 本页末位置 · give it as `after` for the next page */
      readonly endCursor: string | null;
    };
  };
}

export interface NoticesVariables {
  readonly first: number;
  readonly after?: string | null;
}

/** 我的通知 · what the centre sent to the caller, the newest first; `first` at most 100 */
export const Notices: Operation<"query", NoticesData, NoticesVariables> = {
  kind: "query",
  name: "Notices",
  id: "sha256:71e19d529d5bd0a3d35b1dd50c6d1c54d0aea3d2d9784cf060c7d2d4c580f4ab",
};

export interface PauseArrangementData {
  /** 暂停提取约定 · pause an agreed withdrawal */
  readonly pauseArrangement: {
    /** 提取约定 · the arrangement; null when refused */
    readonly arrangement: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
      readonly state: string;
      /** 约定状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予办理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface PauseArrangementVariables {
  readonly input: ArrangementInput;
}

/** 暂停提取约定 · pause an agreed withdrawal */
export const PauseArrangement: Operation<"mutation", PauseArrangementData, PauseArrangementVariables> = {
  kind: "mutation",
  name: "PauseArrangement",
  id: "sha256:24da61e1ebaa5704c5f37d3ae186f807e6b45c5df7a172966e6f7bc9aa02b153",
};

export interface PersonalInformationData {
  /** 当前用户 · who is asking */
  readonly viewer: {
    /** 缴存人信息 · the person; null unless a citizen is logged in */
    readonly person: {
      /** 姓名（脱敏）· name, masked */
      readonly nameMasked: string;
      /** 证件类型 · type of document (JGJ/T 320 A.1) */
      readonly documentType: string;
      /** 证件号码（脱敏）· document number, masked */
      readonly documentNoMasked: string;
      /** 手机号码（脱敏）· mobile number, masked */
      readonly mobileMasked: string | null;
      /** 银行卡 · cards in the person's own name */
      readonly cards: ReadonlyArray<{
        /** 全局编号 · global id */
        readonly id: string;
        /** 银行代码 · code of the entrusted bank */
        readonly bankCode: string;
        /** 开户银行 · bank */
        readonly bankName: string;
        /** 是否受托银行 · whether the centre pays to this bank */
        readonly bankEntrusted: boolean;
        /** 卡号（脱敏）· masked number */
        readonly cardNoMasked: string;
        /** 是否默认卡 · whether it is the default */
        readonly isDefault: boolean;
      }>;
    } | null;
  };
  /** 冷静期内的变更 · changes of phone or payee that cool off */
  readonly sensitiveChanges: ReadonlyArray<{
    /** 种类 · kind */
    readonly kindName: string;
    /** 变更时间 · when */
    readonly madeAt: DateTimeText;
    /** 冷静期截止时间 · until when more is asked for */
    readonly coolsUntil: DateTimeText;
    /** 变更前（脱敏）· before, masked */
    readonly beforeMasked: string;
    /** 变更后（脱敏）· after, masked */
    readonly afterMasked: string;
  }>;
}

export type PersonalInformationVariables = Record<string, never>;

/**
 * 当前用户 · who is asking
 * 冷静期内的变更 · changes of phone or payee that cool off
 */
export const PersonalInformation: Operation<"query", PersonalInformationData, PersonalInformationVariables> = {
  kind: "query",
  name: "PersonalInformation",
  id: "sha256:e34b430e7e83ec1bbe5b66647cd2de32a363332c749922bbda0f5c75cebc70fe",
};

export interface PhoneData {
  /** 当前用户 · who is asking */
  readonly viewer: {
    /** 缴存人信息 · the person; null unless a citizen is logged in */
    readonly person: {
      /** 手机号码（脱敏）· mobile number, masked */
      readonly mobileMasked: string | null;
    } | null;
  };
  /** 冷静期内的变更 · changes of phone or payee that cool off */
  readonly sensitiveChanges: ReadonlyArray<{
    /** 种类代码 · phone or payee */
    readonly kind: string;
    /** 种类 · kind */
    readonly kindName: string;
    /** 变更时间 · when */
    readonly madeAt: DateTimeText;
    /** 冷静期截止时间 · until when more is asked for */
    readonly coolsUntil: DateTimeText;
    /** 变更前（脱敏）· before, masked */
    readonly beforeMasked: string;
    /** 变更后（脱敏）· after, masked */
    readonly afterMasked: string;
  }>;
}

export type PhoneVariables = Record<string, never>;

/**
 * 当前用户 · who is asking
 * 冷静期内的变更 · changes of phone or payee that cool off
 */
export const Phone: Operation<"query", PhoneData, PhoneVariables> = {
  kind: "query",
  name: "Phone",
  id: "sha256:ed84952f7d6a0bdb47d2d7f195bed630ec00fcc1cf899332b9eea2d72f5889bb",
};

export interface QuoteClosureWithdrawalData {
  /** 销户提取试算 · what an application would give now; leaves nothing behind */
  readonly quoteClosureWithdrawal: {
    /** 试算 · null when nothing could be judged */
    readonly quote: {
      /** 可提取金额 · first payment; zero when refused */
      readonly amount: Money;
      /** 每月限额 · limit for a month, of those limited by month */
      readonly monthlyLimit: Money | null;
      /** 可提取总额 · what may be paid in all, of those limited so */
      readonly total: Money | null;
      /** 每次支付月数 · months that one payment covers; 0 for one paid once */
      readonly months: number;
      /** 起始月 · first month */
      readonly fromMonth: YearMonth;
      /** 截止月 · last month; null without an end in time */
      readonly untilMonth: YearMonth | null;
      /** 是否需人工核验 · whether staff must look at it by hand */
      readonly needsManualCheck: boolean;
      /** 审核依据说明 · how it came about, in plain words */
      readonly explanation: ReadonlyArray<{
        /** 标题 · what it is about */
        readonly title: string;
        /** 内容 · in plain words */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface QuoteClosureWithdrawalVariables {
  readonly kind: string;
  readonly input: ClosureWithdrawalInput;
}

/** 销户提取试算 · what an application would give now; leaves nothing behind */
export const QuoteClosureWithdrawal: Operation<"query", QuoteClosureWithdrawalData, QuoteClosureWithdrawalVariables> = {
  kind: "query",
  name: "QuoteClosureWithdrawal",
  id: "sha256:1efb6e60ed0d868c0b11e1e24bf65d773bcaf28530e3bc031ee89a638684004b",
};

export interface QuoteExpenseWithdrawalData {
  /** 费用类提取试算 · what an application would give now; leaves nothing behind */
  readonly quoteExpenseWithdrawal: {
    /** 试算 · null when nothing could be judged */
    readonly quote: {
      /** 可提取金额 · first payment; zero when refused */
      readonly amount: Money;
      /** 每月限额 · limit for a month, of those limited by month */
      readonly monthlyLimit: Money | null;
      /** 可提取总额 · what may be paid in all, of those limited so */
      readonly total: Money | null;
      /** 每次支付月数 · months that one payment covers; 0 for one paid once */
      readonly months: number;
      /** 起始月 · first month */
      readonly fromMonth: YearMonth;
      /** 截止月 · last month; null without an end in time */
      readonly untilMonth: YearMonth | null;
      /** 是否需人工核验 · whether staff must look at it by hand */
      readonly needsManualCheck: boolean;
      /** 审核依据说明 · how it came about, in plain words */
      readonly explanation: ReadonlyArray<{
        /** 标题 · what it is about */
        readonly title: string;
        /** 内容 · in plain words */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface QuoteExpenseWithdrawalVariables {
  readonly kind: string;
  readonly input: ExpenseWithdrawalInput;
}

/** 费用类提取试算 · what an application would give now; leaves nothing behind */
export const QuoteExpenseWithdrawal: Operation<"query", QuoteExpenseWithdrawalData, QuoteExpenseWithdrawalVariables> = {
  kind: "query",
  name: "QuoteExpenseWithdrawal",
  id: "sha256:17d82305bed53c2c15bd0c9dc3e252c62d29fd9f065158d0ee2738c50a92bc3a",
};

export interface QuoteHomeWithdrawalData {
  /** 住房类提取试算 · what an application would give now; leaves nothing behind */
  readonly quoteHomeWithdrawal: {
    /** 试算 · null when nothing could be judged */
    readonly quote: {
      /** 可提取金额 · first payment; zero when refused */
      readonly amount: Money;
      /** 每月限额 · limit for a month, of those limited by month */
      readonly monthlyLimit: Money | null;
      /** 可提取总额 · what may be paid in all, of those limited so */
      readonly total: Money | null;
      /** 每次支付月数 · months that one payment covers; 0 for one paid once */
      readonly months: number;
      /** 起始月 · first month */
      readonly fromMonth: YearMonth;
      /** 截止月 · last month; null without an end in time */
      readonly untilMonth: YearMonth | null;
      /** 是否需人工核验 · whether staff must look at it by hand */
      readonly needsManualCheck: boolean;
      /** 审核依据说明 · how it came about, in plain words */
      readonly explanation: ReadonlyArray<{
        /** 标题 · what it is about */
        readonly title: string;
        /** 内容 · in plain words */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface QuoteHomeWithdrawalVariables {
  readonly kind: string;
  readonly input: HomeWithdrawalInput;
}

/** 住房类提取试算 · what an application would give now; leaves nothing behind */
export const QuoteHomeWithdrawal: Operation<"query", QuoteHomeWithdrawalData, QuoteHomeWithdrawalVariables> = {
  kind: "query",
  name: "QuoteHomeWithdrawal",
  id: "sha256:46976eeb8fa0f8b6b9b6d161ea3de083c7ca72a4fe4a8ddab69afa3c0a6d8c96",
};

export interface QuoteRentWithdrawalData {
  /** 租房提取试算 · what an application would give now; leaves nothing behind */
  readonly quoteRentWithdrawal: {
    /** 试算 · null when nothing could be judged */
    readonly quote: {
      /** 可提取金额 · first payment; zero when refused */
      readonly amount: Money;
      /** 每月限额 · limit for a month */
      readonly monthlyLimit: Money;
      /** 每次支付月数 · months that one payment covers */
      readonly months: number;
      /** 约定起始月 · first month of the arrangement */
      readonly fromMonth: YearMonth;
      /** 约定截止月 · last month of the arrangement */
      readonly untilMonth: YearMonth;
      /** 是否需人工核验 · whether staff must look at it by hand */
      readonly needsManualCheck: boolean;
      /** 审核依据说明 · how it came about, in plain words */
      readonly explanation: ReadonlyArray<{
        /** 标题 · what it is about */
        readonly title: string;
        /** 内容 · in plain words */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface QuoteRentWithdrawalVariables {
  readonly input: RentWithdrawalInput;
}

/** 租房提取试算 · what an application would give now; leaves nothing behind */
export const QuoteRentWithdrawal: Operation<"query", QuoteRentWithdrawalData, QuoteRentWithdrawalVariables> = {
  kind: "query",
  name: "QuoteRentWithdrawal",
  id: "sha256:16105cb54afaa6b122d155e7c51702f7bfe2880fd873d94fd24faa73db177c17",
};

export interface QuoteRentedHomeWithdrawalData {
  /** 租房类提取试算 · what an application would give now; leaves nothing behind */
  readonly quoteRentedHomeWithdrawal: {
    /** 试算 · null when nothing could be judged */
    readonly quote: {
      /** 可提取金额 · first payment; zero when refused */
      readonly amount: Money;
      /** 每月限额 · limit for a month, of those limited by month */
      readonly monthlyLimit: Money | null;
      /** 可提取总额 · what may be paid in all, of those limited so */
      readonly total: Money | null;
      /** 每次支付月数 · months that one payment covers; 0 for one paid once */
      readonly months: number;
      /** 起始月 · first month */
      readonly fromMonth: YearMonth;
      /** 截止月 · last month; null without an end in time */
      readonly untilMonth: YearMonth | null;
      /** 是否需人工核验 · whether staff must look at it by hand */
      readonly needsManualCheck: boolean;
      /** 审核依据说明 · how it came about, in plain words */
      readonly explanation: ReadonlyArray<{
        /** 标题 · what it is about */
        readonly title: string;
        /** 内容 · in plain words */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface QuoteRentedHomeWithdrawalVariables {
  readonly kind: string;
  readonly input: RentWithdrawalInput;
}

/** 租房类提取试算 · what an application would give now; leaves nothing behind */
export const QuoteRentedHomeWithdrawal: Operation<"query", QuoteRentedHomeWithdrawalData, QuoteRentedHomeWithdrawalVariables> = {
  kind: "query",
  name: "QuoteRentedHomeWithdrawal",
  id: "sha256:127217de258fe846487e6b5caa5fce3651c1a0578bd998294292661b62c5398c",
};

export interface RecordAccessesData {
  /** 谁看过我的信息 · who read the caller's record, the newest first; `first` at most 100 */
  readonly recordAccesses: {
    /** 总条数 · number of entries on all pages */
    readonly totalCount: number;
    /** 本页各条 · the entries of this page */
    readonly edges: ReadonlyArray<{
      /** 内容 · the object */
      readonly node: {
        /** 查阅时间 · when */
        readonly at: DateTimeText;
        /** 查阅人 · who: a post of the centre, or a third party by its name */
        readonly reader: string;
        /** 渠道 · where they read it */
        readonly channelName: string;
        /** 用途 · what for */
        readonly purpose: string;
        /** 查阅内容 · what was read */
        readonly what: ReadonlyArray<string>;
        /** 办件编号 · the case that it was read for */
        readonly caseNo: string | null;
      };
    }>;
    /** 页码信息 · where this page stands */
    readonly pageInfo: {
      /** 是否还有下一页 · whether more follow */
      readonly hasNextPage: boolean;
      /** 本页末位置 · give it as `after` for the next page */
      readonly endCursor: string | null;
    };
  };
}

export interface RecordAccessesVariables {
  readonly first: number;
  readonly after?: string | null;
}

/** 谁看过我的信息 · who read the caller's record, the newest first; `first` at most 100 */
export const RecordAccesses: Operation<"query", RecordAccessesData, RecordAccessesVariables> = {
  kind: "query",
  name: "RecordAccesses",
  id: "sha256:6170f4933013b51e1a47c1d9d8fadde17bb940868c77fd0f4f094bb6c46176e3",
};

export interface RemoveBankCardData {
  /** 停用银行卡 · take a card out of use */
  readonly removeBankCard: {
    /** 银行卡 · cards, the chosen one first */
    readonly cards: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 开户银行 · bank */
      readonly bankName: string;
      /** 是否受托银行 · whether the centre pays to this bank */
      readonly bankEntrusted: boolean;
      /** 卡号（脱敏）· masked number */
      readonly cardNoMasked: string;
      /** 是否默认卡 · whether it is the default */
      readonly isDefault: boolean;
    }>;
    /** 不予受理的原因 · all of them at once */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface RemoveBankCardVariables {
  readonly input: RemoveBankCardInput;
}

/** 停用银行卡 · take a card out of use */
export const RemoveBankCard: Operation<"mutation", RemoveBankCardData, RemoveBankCardVariables> = {
  kind: "mutation",
  name: "RemoveBankCard",
  id: "sha256:b90370349c6b6680dc282ef95033feee7a34a89c6947859ab22c1865110caa6f",
};

export interface RentWithdrawalFormData {
  /** 服务事项 · one service item, by code or identifier */
  readonly serviceItem: {
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
    /** 办理时限 · time limit in words */
    readonly timeLimit: string;
    /** 申请材料 · what the applicant has to hand in */
    readonly materials: ReadonlyArray<string>;
  } | null;
  /** 当前用户 · who is asking */
  readonly viewer: {
    /** 缴存人信息 · the person; null unless a citizen is logged in */
    readonly person: {
      /** 姓名（脱敏）· name, masked */
      readonly nameMasked: string;
      /** 证件号码（脱敏）· document number, masked */
      readonly documentNoMasked: string;
    } | null;
  };
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 个人账号 · account number */
    readonly accountNo: string;
    /** 可用余额 · what may be applied for */
    readonly available: Money;
    /** 收款银行卡 · cards that may be paid to */
    readonly cards: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 开户银行 · bank */
      readonly bankName: string;
      /** 卡号（脱敏）· masked number */
      readonly cardNoMasked: string;
      /** 是否默认卡 · whether it is the default */
      readonly isDefault: boolean;
    }>;
  }>;
  /** 租房提取约定 · the requested or running rent arrangement */
  readonly rentArrangement: {
    /** 约定状态 · state in words */
    readonly stateName: string;
    /** 约定起始月 · first month */
    readonly fromMonth: YearMonth;
    /** 约定截止月 · last month */
    readonly untilMonth: YearMonth;
  } | null;
}

export interface RentWithdrawalFormVariables {
  readonly code: string;
}

/**
 * 服务事项 · one service item, by code or identifier
 * 当前用户 · who is asking
 * 个人账户 · the caller's personal accounts
 * 租房提取约定 · the requested or running rent arrangement
 */
export const RentWithdrawalForm: Operation<"query", RentWithdrawalFormData, RentWithdrawalFormVariables> = {
  kind: "query",
  name: "RentWithdrawalForm",
  id: "sha256:361a4ce46543ff786518083c11ec0716743fabf02b9f2f592a5edb9e41e60dab",
};

export interface ResumeArrangementData {
  /** 恢复提取约定 · take up a paused withdrawal again */
  readonly resumeArrangement: {
    /** 提取约定 · the arrangement; null when refused */
    readonly arrangement: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
      readonly state: string;
      /** 约定状态 · state in words */
      readonly stateName: string;
    } | null;
    /** 不予办理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface ResumeArrangementVariables {
  readonly input: ArrangementInput;
}

/** 恢复提取约定 · take up a paused withdrawal again */
export const ResumeArrangement: Operation<"mutation", ResumeArrangementData, ResumeArrangementVariables> = {
  kind: "mutation",
  name: "ResumeArrangement",
  id: "sha256:8a9851deeb076d57a75632fc8cb3babd8ade41d9a42e17757a46a5e582ab3599",
};

export interface RevokeDelegationData {
  /** 撤回委托 · take a delegation back */
  readonly revokeDelegation: {
    /** 委托 · as it now stands; null when refused */
    readonly delegation: {
      /** 委托编号 · what the third party quotes */
      readonly reference: string;
      /** 撤回时间 · when it was taken back */
      readonly revokedAt: DateTimeText | null;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface RevokeDelegationVariables {
  readonly input: RevokeDelegationInput;
}

/** 撤回委托 · take a delegation back */
export const RevokeDelegation: Operation<"mutation", RevokeDelegationData, RevokeDelegationVariables> = {
  kind: "mutation",
  name: "RevokeDelegation",
  id: "sha256:b726d4a29adf2937aae5d00e0c630c9b195aba9a2e64079ba14383b0b088e204",
};

export interface RiskRecordsData {
  /** 我的名单记录 · what the caller is listed for: why, until when, what it does, and the appeals against it */
  readonly riskRecords: ReadonlyArray<{
    /** 编号 · what an appeal names */
    readonly id: string;
    /** 名单 · which list */
    readonly listName: string;
    /** 原因类别 · kind of reason */
    readonly reasonName: string;
    /** 事由 · why, in words */
    readonly reason: string;
    /** 依据 · what it rests on */
    readonly evidence: string;
    /** 起始日 · first day */
    readonly fromOn: DateText;
    /** 截止日 · last day */
    readonly untilOn: DateText;
    /** 状态代码 · `in_force`, `over` or `removed` */
    readonly state: string;
    /** 状态 · state in words */
    readonly stateName: string;
    /** 申诉途径 · how to appeal */
    readonly howToAppeal: string;
    /** 影响 · what it does while it is in force */
    readonly effects: ReadonlyArray<{
      /** 业务 · the flow of business */
      readonly flowName: string;
      /** 影响 · the effect in words */
      readonly effectName: string;
    }>;
    /** 申诉 · appeals against it, the newest first */
    readonly appeals: ReadonlyArray<{
      /** 申诉状态代码 · `waiting`, `granted`, `rejected`, `withdrawn` */
      readonly state: string;
      /** 申诉状态 · state in words */
      readonly stateName: string;
      /** 申诉理由 · the caller's own words */
      readonly statement: string;
      /** 提出渠道 · where it was made */
      readonly channelName: string;
      /** 提出时间 · when it was made */
      readonly madeAt: DateTimeText;
      /** 答复期限 · the day by which it is answered */
      readonly dueOn: DateText;
      /** 答复 · the answer; null until there is one */
      readonly answer: string | null;
    }>;
  }>;
}

export type RiskRecordsVariables = Record<string, never>;

/** 我的名单记录 · what the caller is listed for: why, until when, what it does, and the appeals against it */
export const RiskRecords: Operation<"query", RiskRecordsData, RiskRecordsVariables> = {
  kind: "query",
  name: "RiskRecords",
  id: "sha256:155fda2734a9f91b538ba2ee10dd881d9453c89d23a1b252ce2af298614f6f88",
};

export interface SaveDraftData {
  /** 保存草稿 · keep what was filled in for a while */
  readonly saveDraft: {
    /** 草稿 · as it was saved; null when refused or thrown away */
    readonly draft: {
      /** 到期时间 · when it is thrown away */
      readonly expiresAt: DateTimeText;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface SaveDraftVariables {
  readonly input: SaveDraftInput;
}

/** 保存草稿 · keep what was filled in for a while */
export const SaveDraft: Operation<"mutation", SaveDraftData, SaveDraftVariables> = {
  kind: "mutation",
  name: "SaveDraft",
  id: "sha256:5fc4eb879c8d96f2b8bcaa4204b5a978eac390d1c4d222d60662b530ffe80e87",
};

export interface SendMessageData {
  /** 发送消息 · say something to the centre */
  readonly sendMessage: {
    /** 会话 · as it now stands; null when refused */
    readonly conversation: {
      /** 状态代码 · waiting, held or closed */
      readonly state: string;
      /** 状态 · in words */
      readonly stateName: string;
      /** 是否在人工服务时间 · whether staff answer at this moment */
      readonly staffAnswersNow: boolean;
      /** 消息 · the last 50, oldest first */
      readonly messages: ReadonlyArray<{
        /** 时间 · when it was said */
        readonly at: DateTimeText;
        /** 发送方 · citizen, staff or house */
        readonly side: string;
        /** 发送方名称 · who said it, without the name of the member of staff */
        readonly sideName: string;
        /** 内容 · text, to be shown as text */
        readonly text: string;
      }>;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface SendMessageVariables {
  readonly input: SendMessageInput;
}

/** 发送消息 · say something to the centre */
export const SendMessage: Operation<"mutation", SendMessageData, SendMessageVariables> = {
  kind: "mutation",
  name: "SendMessage",
  id: "sha256:5d5668db1adbf239f0a5ec672ff614cef614d6bd57e4927aa3dcfbb6a60d1502",
};

export interface SendPhoneCodeData {
  /** 获取手机验证码 · have a code sent to a new phone */
  readonly sendPhoneCode: {
    /** 接收号码（脱敏）· where the code went, masked; empty when refused */
    readonly mobileMasked: string | null;
    /** 验证码有效期 · until when the code is good */
    readonly expiresAt: DateTimeText | null;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface SendPhoneCodeVariables {
  readonly input: SendPhoneCodeInput;
}

/** 获取手机验证码 · have a code sent to a new phone */
export const SendPhoneCode: Operation<"mutation", SendPhoneCodeData, SendPhoneCodeVariables> = {
  kind: "mutation",
  name: "SendPhoneCode",
  id: "sha256:ca9654d80c79999c323335ff4f1fe12e4de8000a26f4816da56884c9f2a1bf1d",
};

export interface ServiceItemGuideData {
  /** 服务事项 · one service item, by code or identifier */
  readonly serviceItem: {
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 业务领域 · area in words */
    readonly areaName: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
    /** 登录要求 · level of login that it needs */
    readonly login: string;
    /** 办理环节 · steps in order */
    readonly steps: ReadonlyArray<string>;
    /** 办理时限 · time limit in words */
    readonly timeLimit: string;
    /** 申请材料 · what the applicant has to hand in */
    readonly materials: ReadonlyArray<string>;
    /** 办理依据 · legal basis */
    readonly legalBasis: ReadonlyArray<string>;
    /** 待核实内容 · what the centre has not confirmed yet */
    readonly unverified: ReadonlyArray<string>;
  } | null;
}

export interface ServiceItemGuideVariables {
  readonly code: string;
}

/** 服务事项 · one service item, by code or identifier */
export const ServiceItemGuide: Operation<"query", ServiceItemGuideData, ServiceItemGuideVariables> = {
  kind: "query",
  name: "ServiceItemGuide",
  id: "sha256:c7d92aeedb31dd7bbd7e996b8281c7c11b19f5532d55db1ed19a11b69135ef36",
};

export interface ServiceItemsData {
  /** 服务事项目录 · service items that the caller's channel offers */
  readonly serviceItems: ReadonlyArray<{
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 业务领域 · area in words */
    readonly areaName: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
    /** 办理时限 · time limit in words */
    readonly timeLimit: string;
  }>;
}

export type ServiceItemsVariables = Record<string, never>;

/** 服务事项目录 · service items that the caller's channel offers */
export const ServiceItems: Operation<"query", ServiceItemsData, ServiceItemsVariables> = {
  kind: "query",
  name: "ServiceItems",
  id: "sha256:c8a4565860c8544706a340252c37badbdfbe80b5a4dd4bd21493acb9fd771d6a",
};

export interface SignOutDeviceData {
  /** 退出一台设备 · log out on one device */
  readonly signOutDevice: {
    /** 登录设备 · open logins as they now stand; empty when refused */
    readonly devices: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 渠道名称 · channel in words */
      readonly channelName: string;
      /** 设备说明 · what the device says of itself */
      readonly device: string;
      /** 认证级别 · level of login */
      readonly assurance: string;
      /** 所代表单位 · employer acted for there */
      readonly employerNo: string | null;
      /** 登录时间 · since when */
      readonly signedInAt: DateTimeText;
      /** 最近使用时间 · last use */
      readonly lastSeenAt: DateTimeText;
      /** 是否本设备 · whether it is the one of this request */
      readonly current: boolean;
    }>;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface SignOutDeviceVariables {
  readonly input: SignOutDeviceInput;
}

/** 退出一台设备 · log out on one device */
export const SignOutDevice: Operation<"mutation", SignOutDeviceData, SignOutDeviceVariables> = {
  kind: "mutation",
  name: "SignOutDevice",
  id: "sha256:371a1a90d61e3338f6d8d01517a8953d7f90c666d9cba61cd07138953cfcfbcb",
};

export interface SignOutEverywhereData {
  /** 退出全部设备 · log out on every device and channel */
  readonly signOutEverywhere: {
    /** 登录设备 · open logins as they now stand; empty when refused */
    readonly devices: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 渠道名称 · channel in words */
      readonly channelName: string;
      /** 设备说明 · what the device says of itself */
      readonly device: string;
      /** 认证级别 · level of login */
      readonly assurance: string;
      /** 所代表单位 · employer acted for there */
      readonly employerNo: string | null;
      /** 登录时间 · since when */
      readonly signedInAt: DateTimeText;
      /** 最近使用时间 · last use */
      readonly lastSeenAt: DateTimeText;
      /** 是否本设备 · whether it is the one of this request */
      readonly current: boolean;
    }>;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface SignOutEverywhereVariables {
  readonly input: SignOutEverywhereInput;
}

/** 退出全部设备 · log out on every device and channel */
export const SignOutEverywhere: Operation<"mutation", SignOutEverywhereData, SignOutEverywhereVariables> = {
  kind: "mutation",
  name: "SignOutEverywhere",
  id: "sha256:13930b396b92ddc99b2952c9e8ded18f818e389494542bed2c07a1f466a81542",
};

export interface StartFaceCheckData {
  /** 发起实人核验 · start a face check for one request */
  readonly startFaceCheck: {
    /** 实人核验 · the check as it stands; null when refused */
    readonly check: {
      /** 全局编号 · global id */
      readonly id: string;
      /** 状态 · started, passed, failed or expired */
      readonly state: string;
      /** 核验页面 · where a browser goes; null for native clients */
      readonly url: string | null;
      /** 有效期至 · until when it can be used */
      readonly expiresAt: DateTimeText;
    } | null;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface StartFaceCheckVariables {
  readonly input: StartFaceCheckInput;
}

/** 发起实人核验 · start a face check for one request */
export const StartFaceCheck: Operation<"mutation", StartFaceCheckData, StartFaceCheckVariables> = {
  kind: "mutation",
  name: "StartFaceCheck",
  id: "sha256:136e6f0ed779fcf7dfa1c13fd377851391e112ca2157e1a2b62806422bf2a746",
};

export interface TransferData {
  /** 异地转移 · one of the caller's transfers; null for any other */
  readonly transfer: {
    /** 全局编号 · global id */
    readonly id: string;
    /** 受理编号 · number of the transfer */
    readonly transferNo: string;
    /** 方向代码 · `in`, `out` */
    readonly direction: string;
    /** 方向 · direction in words */
    readonly directionName: string;
    /** 联系函编号 · number of the contact letter; null before it was sent */
    readonly letterNo: string | null;
    /** 对方中心 · the other city's centre */
    readonly otherCentre: string;
    /** 对方个人账号（掩码） · account there, masked */
    readonly otherAccountMasked: string;
    /** 状态代码 · the platform's code; `applied` and `declined` before the letter */
    readonly state: string;
    /** 状态 · state in words */
    readonly stateName: string;
    /** 说明 · what this state means and what comes next */
    readonly explanation: string;
    /** 原因 · why it is negotiated, was refused or has failed; null for nothing said */
    readonly reason: string | null;
    /** 转移金额 · amount; null until the paying centre has named it */
    readonly amount: Money | null;
    /** 资金状态 · where the money is */
    readonly moneyName: string;
    /** 可否撤销 · whether `cancelTransfer` is possible now */
    readonly cancellable: boolean;
    /** 可否答复 · whether `answerTransfer` is possible now: in negotiation or refused there */
    readonly answerable: boolean;
    /** 可否评价 · whether `evaluateTransfer` is possible: it has ended and was not evaluated, or is again */
    readonly evaluable: boolean;
    /** 评价等级 · grade given, 5 非常满意 … 1 非常不满意; null while there is none */
    readonly evaluation: number | null;
    /** 差评答复 · the centre's answer to a bad review; null before the call-back */
    readonly evaluationReply: string | null;
    /** 申请时间 · when it was applied for */
    readonly appliedAt: DateTimeText;
    /** 办理期限 · by when it is to be done */
    readonly dueOn: DateText;
    /** 办结时间 · when it ended; null while it runs */
    readonly endedAt: DateTimeText | null;
    /** 办理进度 · the steps of the transfer, in order */
    readonly steps: ReadonlyArray<{
      /** 环节代码 · code */
      readonly code: string;
      /** 环节名称 · name */
      readonly name: string;
      /** 环节进度 · how far it is */
      readonly state: StepState;
      /** 到达时间 · when the case came to this step */
      readonly at: DateTimeText | null;
    }>;
    /** 办理与协商记录 · what happened, the oldest first */
    readonly records: ReadonlyArray<{
      /** 时间 · when */
      readonly at: DateTimeText;
      /** 事项 · what happened */
      readonly name: string;
      /** 状态 · state after it */
      readonly stateName: string;
      /** 说明 · what was said; null for nothing */
      readonly note: string | null;
    }>;
  } | null;
}

export interface TransferVariables {
  readonly id: string;
}

/** 异地转移 · one of the caller's transfers; null for any other */
export const Transfer: Operation<"query", TransferData, TransferVariables> = {
  kind: "query",
  name: "Transfer",
  id: "sha256:5cf2fdec57fc5bacc5cb295f6a718df2d7484b826a48a7250017457b16e1ccfe",
};

export interface TransferFormData {
  /** 转出地中心 · centres that can be transferred from */
  readonly transferCentres: ReadonlyArray<{
    /** 中心代码 · code on the national transfer platform */
    readonly code: string;
    /** 中心名称 · name */
    readonly name: string;
    /** 行政区划代码 · region (GB/T 2260) */
    readonly regionCode: string;
  }>;
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 个人账号 · account number */
    readonly accountNo: string;
    /** 账户状态 · state in words */
    readonly stateName: string;
  }>;
}

export type TransferFormVariables = Record<string, never>;

/**
 * 转出地中心 · centres that can be transferred from
 * 个人账户 · the caller's personal accounts
 */
export const TransferForm: Operation<"query", TransferFormData, TransferFormVariables> = {
  kind: "query",
  name: "TransferForm",
  id: "sha256:af08ce4b80ca76c8b4c6b626c3eb6a7490ece0f6c15f1766cf3c2f83e8b5d08f",
};

export interface TransfersData {
  /** 我的异地转移 · the caller's transfers, the newest first */
  readonly transfers: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 受理编号 · number of the transfer */
    readonly transferNo: string;
    /** 方向 · direction in words */
    readonly directionName: string;
    /** 联系函编号 · number of the contact letter; null before it was sent */
    readonly letterNo: string | null;
    /** 对方中心 · the other city's centre */
    readonly otherCentre: string;
    /** 状态代码 · the platform's code; `applied` and `declined` before the letter */
    readonly state: string;
    /** 状态 · state in words */
    readonly stateName: string;
    /** 转移金额 · amount; null until the paying centre has named it */
    readonly amount: Money | null;
    /** 资金状态 · where the money is */
    readonly moneyName: string;
    /** 申请时间 · when it was applied for */
    readonly appliedAt: DateTimeText;
    /** 办理期限 · by when it is to be done */
    readonly dueOn: DateText;
    /** 办结时间 · when it ended; null while it runs */
    readonly endedAt: DateTimeText | null;
  }>;
}

export type TransfersVariables = Record<string, never>;

/** 我的异地转移 · the caller's transfers, the newest first */
export const Transfers: Operation<"query", TransfersData, TransfersVariables> = {
  kind: "query",
  name: "Transfers",
  id: "sha256:e3ecdee043c504a15834c1d25d791c570a614145b74be3b000de385da876b694",
};

export interface UnlinkIdentityData {
  /** 解除关联 · take a linked account away */
  readonly unlinkIdentity: {
    /** 登录账号 · linked accounts as they now stand */
    readonly identities: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 平台代码 · code of the platform */
      readonly provider: string;
      /** 平台名称 · name of the platform */
      readonly name: string;
      /** 关联时间 · since when */
      readonly linkedAt: DateTimeText;
      /** 最近使用时间 · last use */
      readonly lastUsedAt: DateTimeText;
      /** 最近实名核验时间 · when the real name was last proved with it */
      readonly confirmedAt: DateTimeText | null;
      /** 可否解除关联 · whether it can be taken away */
      readonly removable: boolean;
    }>;
    /** 不予办理的原因 · every reason; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
      /** 人脸核验 · how to get what is missing; null for every other reason */
      readonly stepUp: {
        /** 办理事项代码 · code of the operation */
        readonly operation: string;
        /** 办理事项 · operation */
        readonly operationName: string;
        /** 核验凭据 · for `startFaceCheck`; names this request and no other */
        readonly challenge: string;
        /** 可选方式 · face, or counter: staff compare the papers */
        readonly ways: ReadonlyArray<string>;
      } | null;
    }>;
  };
}

export interface UnlinkIdentityVariables {
  readonly input: UnlinkIdentityInput;
}

/** 解除关联 · take a linked account away */
export const UnlinkIdentity: Operation<"mutation", UnlinkIdentityData, UnlinkIdentityVariables> = {
  kind: "mutation",
  name: "UnlinkIdentity",
  id: "sha256:fb381eb2bd1a91947f21f1cd4a8c191ffa1dd5dcf3d48f022ecc080f3d19d168",
};

export interface WithdrawRiskAppealData {
  /** 撤回申诉 · take the waiting appeal against a record back */
  readonly withdrawRiskAppeal: {
    /** 名单记录 · the record; null when refused */
    readonly record: {
      /** 编号 · what an appeal names */
      readonly id: string;
    } | null;
    /** 不予受理的原因 · every reason at once; empty when done */
    readonly userErrors: ReadonlyArray<{
      /** 原因编码 · stable code `area.reason` */
      readonly code: string;
      /** 提示语 · a sentence for the person */
      readonly message: string;
      /** 对应的填写项 · input field that it is about; null for all of it */
      readonly field: string | null;
      /** 可否稍后重试 · whether the same request may succeed later */
      readonly retryable: boolean;
    }>;
  };
}

export interface WithdrawRiskAppealVariables {
  readonly input: WithdrawRiskAppealInput;
}

/** 撤回申诉 · take the waiting appeal against a record back */
export const WithdrawRiskAppeal: Operation<"mutation", WithdrawRiskAppealData, WithdrawRiskAppealVariables> = {
  kind: "mutation",
  name: "WithdrawRiskAppeal",
  id: "sha256:610aa341555d8ec09b8ab1143597503fd94f54ae91013ff169bd41e0a484ff7a",
};

export interface WithdrawalFormData {
  /** 服务事项 · one service item, by code or identifier */
  readonly serviceItem: {
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
    /** 办理时限 · time limit in words */
    readonly timeLimit: string;
  } | null;
  /** 提取类型 · one kind with its form; null for one that is not offered today on the caller's channel */
  readonly withdrawalKind: {
    /** 类型代码 · kind */
    readonly code: string;
    /** 名称 · name */
    readonly name: string;
    /** 适用对象 · whom it is for */
    readonly about: string;
    /** 限额说明 · what it is limited by today, in words */
    readonly limit: string;
    /** 办理操作 · mutation that applies for it */
    readonly operation: string;
    /** 表单 · `rent`, `home`, `expense`, `closure` */
    readonly form: string;
    /** 是否销户 · whether it closes the account */
    readonly closure: boolean;
    /** 是否需配偶信息 · whether the spouse counts */
    readonly family: boolean;
    /** 是否需承诺 · whether a commitment is made */
    readonly commitment: boolean;
    /** 承诺书内容 · paragraphs of what is signed; empty without one */
    readonly commitmentText: ReadonlyArray<string>;
    /** 可选频率 · how often it may be paid today */
    readonly frequencies: ReadonlyArray<WithdrawalFrequency>;
    /** 规则是否已核实 · whether the centre has confirmed the rule */
    readonly verified: boolean;
    /** 说明 · remark */
    readonly note: string;
    /** 申请材料 · papers, those that others have included */
    readonly materials: ReadonlyArray<{
      /** 名称 · name */
      readonly name: string;
      /** 来源 · `applicant` hands it in, `data_sharing` and `centre` have it already and ask nothing of anybody */
      readonly providedBy: string;
      /** 何时需要 · when it is needed, in words; null for always */
      readonly when: string | null;
    }>;
    /** 申报项目 · what has to be declared */
    readonly fields: ReadonlyArray<{
      /** 输入字段 · field of the input */
      readonly name: string;
      /** 名称 · name in words */
      readonly title: string;
      /** 类型 · `text`, `money`, `date`, `code`, `document` */
      readonly type: string;
      /** 是否必填 · whether it must be filled in */
      readonly required: boolean;
      /** 提示 · what to write */
      readonly hint: string;
      /** 选项 · choices of a code */
      readonly options: ReadonlyArray<{
        /** 代码 · code */
        readonly code: string;
        /** 名称 · name */
        readonly name: string;
      }>;
    }>;
  } | null;
  /** 当前用户 · who is asking */
  readonly viewer: {
    /** 缴存人信息 · the person; null unless a citizen is logged in */
    readonly person: {
      /** 姓名（脱敏）· name, masked */
      readonly nameMasked: string;
      /** 证件号码（脱敏）· document number, masked */
      readonly documentNoMasked: string;
    } | null;
  };
  /** 个人账户 · the caller's personal accounts */
  readonly accounts: ReadonlyArray<{
    /** 全局编号 · global id */
    readonly id: string;
    /** 可用余额 · what may be applied for */
    readonly available: Money;
    /** 账户状态 · state in words */
    readonly stateName: string;
    /** 收款银行卡 · cards that may be paid to */
    readonly cards: ReadonlyArray<{
      /** 全局编号 · global id */
      readonly id: string;
      /** 开户银行 · bank */
      readonly bankName: string;
      /** 卡号（脱敏）· masked number */
      readonly cardNoMasked: string;
      /** 是否默认卡 · whether it is the default */
      readonly isDefault: boolean;
    }>;
  }>;
  /** 提取约定 · the caller's agreed withdrawals */
  readonly arrangements: ReadonlyArray<{
    /** 提取类型 · kind in words */
    readonly kindName: string;
    /** 约定状态代码 · `requested`, `running`, `paused`, `ended` */
    readonly state: string;
    /** 约定状态 · state in words */
    readonly stateName: string;
  }>;
  /** 提取预填 · what the caller declared last that a form of the kind may begin with */
  readonly withdrawalPrefill: ReadonlyArray<{
    /** 输入字段 · field of the input */
    readonly name: string;
    /** 名称 · name in words */
    readonly title: string;
    /** 内容 · what was declared */
    readonly value: string;
    /** 来源 · where it is from, in words */
    readonly source: string;
  }>;
}

export interface WithdrawalFormVariables {
  readonly item: string;
  readonly kind: string;
}

/**
 * 服务事项 · one service item, by code or identifier
 * 提取类型 · one kind with its form; null for one that is not offered today on the caller's channel
 * 当前用户 · who is asking
 * 个人账户 · the caller's personal accounts
 * 提取约定 · the caller's agreed withdrawals
 * 提取预填 · what the caller declared last that a form of the kind may begin with
 */
export const WithdrawalForm: Operation<"query", WithdrawalFormData, WithdrawalFormVariables> = {
  kind: "query",
  name: "WithdrawalForm",
  id: "sha256:b5c089033ce961ea8124dee4700031bab8873c845bc7632c0fc92efafc74abe9",
};

export interface WithdrawalKindsData {
  /** 服务事项 · one service item, by code or identifier */
  readonly serviceItem: {
    /** 事项编码 · code, such as C20 */
    readonly code: string;
    /** 事项名称 · name */
    readonly name: string;
    /** 是否已开通 · whether it can be applied for here already */
    readonly open: boolean;
  } | null;
  /** 提取类型 · kinds that may be applied for today, of one item when `itemCode` names it, with their forms */
  readonly withdrawalKinds: ReadonlyArray<{
    /** 类型代码 · kind */
    readonly code: string;
    /** 名称 · name */
    readonly name: string;
    /** 适用对象 · whom it is for */
    readonly about: string;
    /** 限额说明 · what it is limited by today, in words */
    readonly limit: string;
  }>;
}

export interface WithdrawalKindsVariables {
  readonly item: string;
}

/**
 * 服务事项 · one service item, by code or identifier
 * 提取类型 · kinds that may be applied for today, of one item when `itemCode` names it, with their forms
 */
export const WithdrawalKinds: Operation<"query", WithdrawalKindsData, WithdrawalKindsVariables> = {
  kind: "query",
  name: "WithdrawalKinds",
  id: "sha256:0bbe47550dfef22d6f1ac6a0efb9e0948c263ba20f743c7dcf1e77569d15432c",
};
