// Lists the employers that the person who is logged in may act for, and begins to act for the one that is chosen.
(function () {
  "use strict";
  var told = document.getElementById("told");
  var list = document.getElementById("employers");
  var bearer = "";

  function ask(method, path, body, done) {
    var request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("X-HPF-Client", "employer");
    if (bearer) { request.setRequestHeader("Authorization", "Bearer " + bearer); }
    if (body !== null) { request.setRequestHeader("Content-Type", "application/json"); }
    request.onload = function () {
      var answer = {};
      try { answer = JSON.parse(request.responseText || "{}"); } catch (error) { answer = {}; }
      done(request.status, answer);
    };
    request.onerror = function () { told.textContent = "网络不通，请稍后重试。"; };
    request.send(body === null ? null : JSON.stringify(body));
  }

  function choose(number) {
    ask("POST", "/auth/employer/session", { employer_no: number }, function (status, answer) {
      if (status === 200) { window.location.href = "/employer/"; } else { told.textContent = answer.message || "未能进入该单位，请重新登录。"; }
    });
  }

  ask("POST", "/auth/token", {}, function (status, answer) {
    if (status !== 200) { return; }
    bearer = answer.access_token;
    ask("GET", "/auth/employers", null, function (code, found) {
      var employers = (code === 200 && found.employers) || [];
      told.textContent = employers.length ? "请选择单位：" : "您目前不是任何单位的经办人，请由单位法定代表人授权。";
      employers.forEach(function (one) {
        var item = document.createElement("li");
        var button = document.createElement("button");
        button.type = "button";
        button.textContent = one.name + "（" + one.employer_no + "）";
        button.onclick = function () { choose(one.employer_no); };
        item.appendChild(button);
        list.appendChild(item);
      });
    });
  });
})();
