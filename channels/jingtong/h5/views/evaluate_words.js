// The grades of 国办发〔2019〕51号, best first, and the indicators that are offered with each: those of
// `domain/cases/evaluation_indicators.yaml`, which a test holds against this file.

export const GRADES = [
  [5, "非常满意"],
  [4, "满意"],
  [3, "基本满意"],
  [2, "不满意"],
  [1, "非常不满意"],
];

const WORDS = {
  fast: "办理及时", clear: "说明清楚", simple: "流程简便", polite: "态度热情", few_materials: "材料精简",
  fair: "基本符合预期", slow: "办理时间长", unclear: "说明不清楚", complicated: "流程繁琐", attitude: "服务态度差",
  many_materials: "材料要求多", many_trips: "跑动次数多", system: "系统不好用", overdue: "超过承诺时限",
};

const CODES = {
  5: ["fast", "clear", "simple", "polite", "few_materials"],
  4: ["fast", "clear", "simple", "polite", "few_materials"],
  3: ["fair", "slow", "unclear", "complicated", "system"],
  2: ["slow", "unclear", "complicated", "attitude", "many_materials", "many_trips", "system"],
  1: ["slow", "unclear", "complicated", "attitude", "many_materials", "many_trips", "system", "overdue"],
};

export const QUESTIONS = { 5: "哪里做得好？", 4: "哪里做得好？", 3: "感受如何？", 2: "哪里需要改进？", 1: "哪里需要改进？" };

/** [code, words] of the indicators that a grade offers. */
export const tagsOf = (grade) => CODES[grade].map((code) => [code, WORDS[code]]);
