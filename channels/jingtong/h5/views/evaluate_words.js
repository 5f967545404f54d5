// The grades of 国办发〔2019〕51号, best first, and the tags that go with them.

export const GRADES = [
  [5, "非常满意"],
  [4, "满意"],
  [3, "基本满意"],
  [2, "不满意"],
  [1, "非常不满意"],
];

export const TAGS = {
  good: [["fast", "办理及时"], ["clear", "说明清楚"], ["simple", "流程简便"]],
  bad: [["slow", "办理时间长"], ["unclear", "说明不清楚"], ["complicated", "流程繁琐"], ["attitude", "服务态度差"]],
};
