extension RealisticMappingCase {
  static let healthTable = ##"""
    # patient name and sex
    {"patient":{"family_name":"Schmidt","given_name":"Anna","sex":"F"}} => {"resourceType":"Patient","name":[{"family":"Schmidt","given":["Anna"]}],"gender":"female"}
    {"patient":{"family_name":"Öztürk","given_name":"Mehmet","sex":"M"}} => {"resourceType":"Patient","name":[{"family":"Öztürk","given":["Mehmet"]}],"gender":"male"}
    ? {"patient":{"family_name":"Nguyễn","given_name":"Linh","sex":"U"}} => {"resourceType":"Patient","name":[{"family":"Nguyễn","given":["Linh"]}],"gender":"unknown"}
    : resourceType = const Patient
    : name[0].family = patient.family_name copy
    : name[0].given[0] = patient.given_name copy
    : gender = patient.sex enum {M: male, F: female, O: other, U: unknown}
    # birth date from a hospital export
    {"pid":4711,"born":"19530214"} => {"identifier":[{"value":"4711"}],"birthDate":"1953-02-14"}
    {"pid":902,"born":"20010930"} => {"identifier":[{"value":"902"}],"birthDate":"2001-09-30"}
    ? {"pid":15008,"born":"19881105"} => {"identifier":[{"value":"15008"}],"birthDate":"1988-11-05"}
    : identifier[0].value = pid text
    : birthDate = born date
    # full name in two parts
    {"name":"Maria Rossi","ward":"icu-3"} => {"given":"Maria","family":"Rossi","unit":"icu"}
    {"name":"José García","ward":"surg-12"} => {"given":"José","family":"García","unit":"surg"}
    ? {"name":"Zoë Müller","ward":"onc-7"} => {"given":"Zoë","family":"Müller","unit":"onc"}
    : given = name first
    : family = name last
    : unit = ward first
    # body weight observation
    {"wt":"72.5","at":"03/14/2024"} => {"resourceType":"Observation","code":"29463-7","valueQuantity":{"value":72.5,"unit":"kg"},"effectiveDateTime":"2024-03-14"}
    {"wt":"108.0","at":"12/01/2023"} => {"resourceType":"Observation","code":"29463-7","valueQuantity":{"value":108.0,"unit":"kg"},"effectiveDateTime":"2023-12-01"}
    ? {"wt":"9.75","at":"01/31/2025"} => {"resourceType":"Observation","code":"29463-7","valueQuantity":{"value":9.75,"unit":"kg"},"effectiveDateTime":"2025-01-31"}
    : resourceType = const Observation
    : code = const "29463-7"
    : valueQuantity.value = wt num
    : valueQuantity.unit = const kg
    : effectiveDateTime = at date
    # laboratory flag
    {"lab":{"test":"glucose","flag":"H","val":11.2}} => {"code":{"text":"GLUCOSE"},"interpretation":"high","value":11.2}
    {"lab":{"test":"sodium","flag":"N","val":140}} => {"code":{"text":"SODIUM"},"interpretation":"normal","value":140}
    ? {"lab":{"test":"potassium","flag":"L","val":3.1}} => {"code":{"text":"POTASSIUM"},"interpretation":"low","value":3.1}
    : code.text = lab.test upper
    : interpretation = lab.flag enum {H: high, L: low, N: normal}
    : value = lab.val copy
    # blood pressure in one field
    {"bp":"120/80","pulse":"64"} => {"component":[{"value":"120"},{"value":"80"}],"pulse":64}
    {"bp":"135/92","pulse":"71"} => {"component":[{"value":"135"},{"value":"92"}],"pulse":71}
    ? {"bp":"98/61","pulse":"102"} => {"component":[{"value":"98"},{"value":"61"}],"pulse":102}
    : component[0].value = bp first
    : component[1].value = bp last
    : pulse = pulse num
    # encounter class and period
    {"visit":{"kind":"I","from":"05.01.2024","to":"09.01.2024"}} => {"class":"inpatient","period":{"start":"2024-01-05","end":"2024-01-09"}}
    {"visit":{"kind":"O","from":"17.02.2024","to":"18.02.2024"}} => {"class":"outpatient","period":{"start":"2024-02-17","end":"2024-02-18"}}
    ? {"visit":{"kind":"E","from":"28.02.2024","to":"01.03.2024"}} => {"class":"emergency","period":{"start":"2024-02-28","end":"2024-03-01"}}
    : class = visit.kind enum {I: inpatient, O: outpatient, E: emergency}
    : period.start = visit.from date
    : period.end = visit.to date
    # insurance card
    {"card":{"payer":"AOK","no":"A123456780","valid":"20261231"}} => {"payor":"AOK","subscriberId":"a123456780","period":{"end":"2026-12-31"},"status":"active"}
    {"card":{"payer":"TK","no":"T998877665","valid":"20250630"}} => {"payor":"TK","subscriberId":"t998877665","period":{"end":"2025-06-30"},"status":"active"}
    ? {"card":{"payer":"DAK","no":"K555000111","valid":"20270401"}} => {"payor":"DAK","subscriberId":"k555000111","period":{"end":"2027-04-01"},"status":"active"}
    : payor = card.payer copy
    : subscriberId = card.no lower
    : period.end = card.valid date
    : status = const active
    # allergy list with an array
    {"allergies":["penicillin","latex"],"who":"Lee"} => {"code":"PENICILLIN","note":"latex","patient":"Lee"}
    {"allergies":["nuts","pollen"],"who":"Okafor"} => {"code":"NUTS","note":"pollen","patient":"Okafor"}
    ? {"allergies":["eggs","wool"],"who":"Ivanova"} => {"code":"EGGS","note":"wool","patient":"Ivanova"}
    : code = allergies[0] upper
    : note = allergies[1] copy
    : patient = who copy
    # medication and dose
    {"drug":"ibuprofen","dose":"400","unit":"mg"} => {"medication":"ibuprofen","dosage":"400 mg"}
    {"drug":"metformin","dose":"850","unit":"mg"} => {"medication":"metformin","dosage":"850 mg"}
    ? {"drug":"insulin","dose":"12","unit":"IU"} => {"medication":"insulin","dosage":"12 IU"}
    : medication = drug copy
    : dosage = dose unit cat ~
    # marital status
    {"fam":{"st":"M","kids":2}} => {"maritalStatus":"married","children":"2"}
    {"fam":{"st":"S","kids":0}} => {"maritalStatus":"single","children":"0"}
    ? {"fam":{"st":"W","kids":3}} => {"maritalStatus":"widowed","children":"3"}
    : maritalStatus = fam.st enum {S: single, M: married, D: divorced, W: widowed}
    : children = fam.kids text
    # order priority
    {"req":"MRT-2024-0017","prio":"U","doc":"Dr. Weiß"} => {"identifier":"mrt-2024-0017","modality":"MRT","priority":"urgent","requester":"Dr. Weiß"}
    {"req":"CT-2024-0312","prio":"R","doc":"Dr. Ali"} => {"identifier":"ct-2024-0312","modality":"CT","priority":"routine","requester":"Dr. Ali"}
    ? {"req":"US-2023-0009","prio":"S","doc":"Dr. Popović"} => {"identifier":"us-2023-0009","modality":"US","priority":"stat","requester":"Dr. Popović"}
    : identifier = req lower
    : modality = req first
    : priority = prio enum {R: routine, U: urgent, A: asap, S: stat}
    : requester = doc copy
    # vaccination
    {"vac":{"agent":"MMR","lot":"b77x","day":"11.05.2022"}} => {"vaccineCode":"MMR","lotNumber":"B77X","occurrence":"2022-05-11","status":"completed"}
    {"vac":{"agent":"HPV","lot":"k120","day":"02.10.2021"}} => {"vaccineCode":"HPV","lotNumber":"K120","occurrence":"2021-10-02","status":"completed"}
    ? {"vac":{"agent":"DTaP","lot":"zz9a","day":"30.09.2023"}} => {"vaccineCode":"DTaP","lotNumber":"ZZ9A","occurrence":"2023-09-30","status":"completed"}
    : vaccineCode = vac.agent copy
    : lotNumber = vac.lot upper
    : occurrence = vac.day date
    : status = const completed
    # telephone or a default
    {"tel":"+49 30 1234","n":"Yılmaz"} => {"telecom":"+49 30 1234","name":"Yılmaz"}
    {"n":"Kowalski"} => {"telecom":"none","name":"Kowalski"}
    ? {"tel":null,"n":"D'Angelo"} => {"telecom":"none","name":"D'Angelo"}
    : telecom = tel default none
    : name = n copy
    # bed and ward
    {"place":{"ward":"b2","bed":"07"}} => {"location":"B2","display":"b2/07"}
    {"place":{"ward":"a11","bed":"31"}} => {"location":"A11","display":"a11/31"}
    ? {"place":{"ward":"c4","bed":"12"}} => {"location":"C4","display":"c4/12"}
    : location = place.ward upper
    : display = place.ward place.bed cat /
    # diagnosis code
    {"dx":{"icd":"e11.9","txt":"Diabetes"},"sev":"2"} => {"code":"E11.9","chapter":"e11","display":"Diabetes","severity":2}
    {"dx":{"icd":"i10.0","txt":"Hypertonie"},"sev":"1"} => {"code":"I10.0","chapter":"i10","display":"Hypertonie","severity":1}
    ? {"dx":{"icd":"j45.3","txt":"Asthma"},"sev":"3"} => {"code":"J45.3","chapter":"j45","display":"Asthma","severity":3}
    : code = dx.icd upper
    : chapter = dx.icd first
    : display = dx.txt copy
    : severity = sev num
    # result status of a report
    {"rep":[{"id":"R1","st":"F"}]} => {"report":{"id":"R1","status":"final"}}
    {"rep":[{"id":"R2","st":"P"}]} => {"report":{"id":"R2","status":"preliminary"}}
    ? {"rep":[{"id":"R9","st":"C"}]} => {"report":{"id":"R9","status":"corrected"}}
    : report.id = rep[0].id copy
    : report.status = rep[0].st enum {P: preliminary, F: final, C: corrected, X: cancelled}
    # inpatient or not
    {"adm":true,"room":"204"} => {"status":"arrived","bed":"204"}
    {"adm":false,"room":"none"} => {"status":"planned","bed":"none"}
    ? {"adm":true,"room":"117"} => {"status":"arrived","bed":"117"}
    : status = const arrived if adm is true else const planned
    : bed = room copy
    """##
}
