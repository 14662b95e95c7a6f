extension RealisticMappingCase {
  static let businessTable = ##"""
    # invoice head
    {"inv":{"no":"INV-1042","date":"01.07.2024","cur":"EUR"}} => {"number":"1042","issued":"2024-07-01","currency":"EUR"}
    {"inv":{"no":"INV-1043","date":"15.07.2024","cur":"CHF"}} => {"number":"1043","issued":"2024-07-15","currency":"CHF"}
    ? {"inv":{"no":"INV-2001","date":"31.12.2024","cur":"GBP"}} => {"number":"2001","issued":"2024-12-31","currency":"GBP"}
    : number = inv.no last
    : issued = inv.date date
    : currency = inv.cur copy
    # order status
    {"order":{"id":77,"state":"S"}} => {"orderId":"77","status":"shipped"}
    {"order":{"id":78,"state":"P"}} => {"orderId":"78","status":"paid"}
    ? {"order":{"id":95,"state":"C"}} => {"orderId":"95","status":"closed"}
    : orderId = order.id text
    : status = order.state enum {O: open, P: paid, S: shipped, C: closed}
    # customer address
    {"cust":{"street":"Hauptstraße","nr":"12a","zip":"10115","city":"Berlin"}} => {"line":"Hauptstraße 12a","postalCode":"10115","city":"BERLIN"}
    {"cust":{"street":"Rämistrasse","nr":"71","zip":"8006","city":"Zürich"}} => {"line":"Rämistrasse 71","postalCode":"8006","city":"ZÜRICH"}
    ? {"cust":{"street":"Königsallee","nr":"3","zip":"40212","city":"Düsseldorf"}} => {"line":"Königsallee 3","postalCode":"40212","city":"DÜSSELDORF"}
    : line = cust.street cust.nr cat ~
    : postalCode = cust.zip copy
    : city = cust.city upper
    # product number
    {"sku":"TSH-BLK-M","qty":"3"} => {"product":"TSH","size":"M","quantity":3}
    {"sku":"HAT-RED-L","qty":"11"} => {"product":"HAT","size":"L","quantity":11}
    ? {"sku":"SOX-GRN-S","qty":"250"} => {"product":"SOX","size":"S","quantity":250}
    : product = sku first
    : size = sku last
    : quantity = qty num
    # mail address in two parts
    {"contact":{"email":"mia@example.org"}} => {"user":"mia","domain":"example.org"}
    {"contact":{"email":"tom@shop.example"}} => {"user":"tom","domain":"shop.example"}
    ? {"contact":{"email":"Aïcha@exemple.fr"}} => {"user":"Aïcha","domain":"exemple.fr"}
    : user = contact.email first @
    : domain = contact.email last @
    # bank account
    {"acct":{"iban":"de89370400440532013000","holder":"Jansen"}} => {"iban":"DE89370400440532013000","name":"Jansen","scheme":"SEPA"}
    {"acct":{"iban":"nl91abna0417164300","holder":"de Vries"}} => {"iban":"NL91ABNA0417164300","name":"de Vries","scheme":"SEPA"}
    ? {"acct":{"iban":"fr1420041010050500013","holder":"Lefèvre"}} => {"iban":"FR1420041010050500013","name":"Lefèvre","scheme":"SEPA"}
    : iban = acct.iban upper
    : name = acct.holder copy
    : scheme = const SEPA
    # newsletter consent
    {"optin":"Y","mail":"a@b.example"} => {"consent":"yes","address":"a@b.example"}
    {"optin":"N","mail":"x@y.example"} => {"consent":"no","address":"x@y.example"}
    ? {"optin":"Y","mail":"q@r.example"} => {"consent":"yes","address":"q@r.example"}
    : consent = optin enum {Y: yes, N: no}
    : address = mail copy
    # shipment
    {"ship":{"carrier":"dhl","no":"00340434","eta":"20240815"}} => {"carrier":"DHL","tracking":"dhl-00340434","due":"2024-08-15"}
    {"ship":{"carrier":"ups","no":"1Z999AA1","eta":"20240902"}} => {"carrier":"UPS","tracking":"ups-1Z999AA1","due":"2024-09-02"}
    ? {"ship":{"carrier":"gls","no":"55012","eta":"20241224"}} => {"carrier":"GLS","tracking":"gls-55012","due":"2024-12-24"}
    : carrier = ship.carrier upper
    : tracking = ship.carrier ship.no cat -
    : due = ship.eta date
    # employee
    {"emp":{"fullname":"Grace Hopper","dept":"RND","start":"07/01/1959"}} => {"first":"Grace","last":"Hopper","department":"rnd","since":"1959-07-01"}
    {"emp":{"fullname":"Alan Turing","dept":"MATH","start":"10/01/1948"}} => {"first":"Alan","last":"Turing","department":"math","since":"1948-10-01"}
    ? {"emp":{"fullname":"Katherine Johnson","dept":"SPACE","start":"06/01/1953"}} => {"first":"Katherine","last":"Johnson","department":"space","since":"1953-06-01"}
    : first = emp.fullname first
    : last = emp.fullname last
    : department = emp.dept lower
    : since = emp.start date
    # price with currency
    {"price":19.99,"cur":"USD","item":"mug"} => {"display":"19.99 USD","name":"mug"}
    {"price":5.5,"cur":"EUR","item":"pen"} => {"display":"5.5 EUR","name":"pen"}
    ? {"price":120,"cur":"JPY","item":"fan"} => {"display":"120 JPY","name":"fan"}
    : display = price cur cat ~
    : name = item copy
    # invoice lines
    {"lines":[{"art":"a-1","n":2},{"art":"b-7","n":1}]} => {"items":[{"code":"A-1","count":2},{"code":"B-7","count":1}]}
    {"lines":[{"art":"x-3","n":5},{"art":"q-9","n":4}]} => {"items":[{"code":"X-3","count":5},{"code":"Q-9","count":4}]}
    ? {"lines":[{"art":"k-2","n":8},{"art":"m-5","n":6}]} => {"items":[{"code":"K-2","count":8},{"code":"M-5","count":6}]}
    : items[0].code = lines[0].art upper
    : items[0].count = lines[0].n copy
    : items[1].code = lines[1].art upper
    : items[1].count = lines[1].n copy
    # tax class
    {"vat":{"class":"red","country":"at"}} => {"rate":10,"region":"AT"}
    {"vat":{"class":"std","country":"de"}} => {"rate":20,"region":"DE"}
    ? {"vat":{"class":"red","country":"be"}} => {"rate":10,"region":"BE"}
    : rate = vat.class enum {red: 10, std: 20}
    : region = vat.country upper
    # membership level
    {"member":{"no":"000123","lvl":"gold"}} => {"id":123,"level":"GOLD","active":true}
    {"member":{"no":"045000","lvl":"basic"}} => {"id":45000,"level":"BASIC","active":true}
    ? {"member":{"no":"009870","lvl":"silver"}} => {"id":9870,"level":"SILVER","active":true}
    : id = member.no num
    : level = member.lvl upper
    : active = const true
    # delivery contact with two names
    {"to":{"vorname":"Jürgen","nachname":"Groß"}} => {"name":"Groß, Jürgen"}
    {"to":{"vorname":"Siân","nachname":"Llewelyn"}} => {"name":"Llewelyn, Siân"}
    ? {"to":{"vorname":"Łukasz","nachname":"Żak"}} => {"name":"Żak, Łukasz"}
    : name = to.nachname to.vorname cat ", "
    # payment term
    {"bill":{"due":"2024-03-31","ref":"R_8812"}} => {"dueDate":"31.03.2024","reference":"8812"}
    {"bill":{"due":"2024-05-15","ref":"R_9004"}} => {"dueDate":"15.05.2024","reference":"9004"}
    ? {"bill":{"due":"2025-02-28","ref":"R_1177"}} => {"dueDate":"28.02.2025","reference":"1177"}
    : dueDate = bill.due date dotted
    : reference = bill.ref last
    # warehouse place
    {"loc":"A/12/3","stock":40} => {"aisle":"A","shelf":"12","bin":"3","stock":"40"}
    {"loc":"C/7/1","stock":0} => {"aisle":"C","shelf":"7","bin":"1","stock":"0"}
    ? {"loc":"F/30/9","stock":1200} => {"aisle":"F","shelf":"30","bin":"9","stock":"1200"}
    : aisle = loc first
    : shelf = loc split 2
    : bin = loc last
    : stock = stock text
    # ticket
    {"ticket":{"key":"OPS-311","assignee":"ravi.patel"}} => {"project":"OPS","number":"311","owner":"RAVI"}
    {"ticket":{"key":"WEB-9","assignee":"ines.costa"}} => {"project":"WEB","number":"9","owner":"INES"}
    ? {"ticket":{"key":"DATA-1200","assignee":"noah.kim"}} => {"project":"DATA","number":"1200","owner":"NOAH"}
    : project = ticket.key first
    : number = ticket.key last
    : owner = ticket.assignee first upper
    """##
}
